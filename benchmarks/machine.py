"""P12: a verb at a client of ``POOL = "machine"`` against the same at the host.

    python -m benchmarks.machine [verbs] [--quick] [--json FILE]

Both are measured in one run, in turns; the host's own call crosses no process, so it is
what the call costs with ``POOL = "process"``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from benchmarks.measure import Figure, main
from benchmarks.pool import owner
from benchmarks.verbs import VERBS, sample, set_up

MORE_MICROSECONDS = 100.0


def calling(is_quick: bool) -> Iterator[Figure]:
    """P12: how much more a call takes at a client, p50, and both ends' p99."""
    from ephemeral_tasks import pool

    count, rounds = (20, 1) if is_quick else (400, 5)
    with TemporaryDirectory() as folder:
        set_up(folder)
        pool.statistics()  # this process is elected
        with _client(folder) as client:
            for verb in VERBS:
                here: list[float] = []
                there: list[float] = []
                for _ in range(rounds):
                    here += sample(verb, count, owner(1))
                    there += _sample_at(client, verb, count)
                yield _compare(verb, here, there)
        pool.drain(0)


def _compare(verb: str, here: list[float], there: list[float]) -> Figure:
    return Figure(
        measure="P12",
        what=f"{verb}() at a client, more than at the host, p50",
        value=median(there) - median(here),
        target=MORE_MICROSECONDS,
        unit="µs",
        details={
            "host p50 µs": median(here),
            "host p99 µs": quantiles(here, n=100)[98],
            "client p50 µs": median(there),
            "client p99 µs": quantiles(there, n=100)[98],
        },
    )


@contextmanager
def _client(folder: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.verbs", folder]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        yield client
        assert client.stdin is not None
        client.stdin.close()


def _sample_at(client: subprocess.Popen[str], verb: str, count: int) -> list[float]:
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(f"{verb} {count}\n")
    client.stdin.flush()
    found: list[float] = json.loads(client.stdout.readline())
    return found


if __name__ == "__main__":
    main({"verbs": calling})
