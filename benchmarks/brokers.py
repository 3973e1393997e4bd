"""Enqueue and round trip of brokers beside ours: what of P1 and P2 concerns them.

Celery, RQ and Dramatiq talk to a Redis that this starts itself, on a free port of the
loopback interface with persistence off; django-tasks-db to a file of SQLite. Each runs
one worker in a process of its own, as its documentation says. What is missing is named
and passed over.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import Cost, Figure, alternate, free_port, main, stopwatch

_PATIENCE_SECONDS = 60.0
_QUEUE = "benchmarks.queued"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A way to run a no-op elsewhere."""

    name: str
    enqueue: Callable[[], Any]
    """Returns what ``wait`` waits for."""

    wait: Callable[[Any], object]
    """Returns when the submitter has the result."""

    worker: tuple[str, ...]
    """The command of its worker."""

    least_ratio: float | None
    """How many times our ``submit()`` its enqueue is to cost, at least."""


def peers() -> Iterator[Peer]:
    """Yield those that are installed; name the others."""
    for needs, make in (
        ("celery", _celery),
        ("rq", _rq),
        ("dramatiq", _dramatiq),
        ("django_tasks_db", _database),
    ):
        if find_spec(needs) is not None:
            yield make()
        else:
            print(f"not measured: pip install {needs.replace('_', '-')}")


def _celery() -> Peer:
    from benchmarks import queued

    return Peer(
        name="Celery",
        enqueue=queued.celery_noop.delay,
        wait=lambda found: found.get(timeout=_PATIENCE_SECONDS, interval=0.001),
        worker=("celery", "-A", "benchmarks.queued:celery", "worker", "-c1", "-lERROR"),
        least_ratio=10.0,
    )


def _rq() -> Peer:
    from benchmarks import queued

    return Peer(
        name="RQ",
        enqueue=lambda: queued.rq.enqueue(queued.plain),
        wait=lambda job: _poll(job.latest_result),
        # The worker that does not fork for each job is its fastest.
        worker=(
            *("rq.cli", "worker", "-q", "--url", os.environ["BENCHMARK_REDIS"]),
            *("--worker-class", "rq.worker.SimpleWorker"),
        ),
        least_ratio=10.0,
    )


def _dramatiq() -> Peer:
    from benchmarks import queued

    return Peer(
        name="Dramatiq",
        enqueue=queued.dramatiq_noop.send,
        wait=lambda message: message.get_result(
            block=True, timeout=int(1000 * _PATIENCE_SECONDS)
        ),
        worker=("dramatiq", _QUEUE, "-p1", "-t1"),
        least_ratio=10.0,
    )


def _database() -> Peer:
    from benchmarks import queued

    return Peer(
        name="django-tasks-db",
        enqueue=queued.database_noop.enqueue,
        wait=lambda result: _poll(lambda: _is_in_database(result)),
        worker=("django", "db_worker", "--interval", "0.1", "--skip-checks"),
        least_ratio=20.0,
    )


def _is_in_database(result: Any) -> bool:
    result.refresh()
    return bool(result.is_finished)


def _poll(look: Callable[[], object]) -> None:
    """Look a thousand times a second until there is something."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while not look():
        if time.monotonic() > until:
            raise TimeoutError("the worker does not answer")
        time.sleep(0.001)


# -- the measures ----------------------------------------------------------------------


def enqueue(is_quick: bool) -> Iterator[Figure]:
    """P1: what handing over a no-op costs the caller; the workers rest meanwhile."""
    count, rounds = (5, 1) if is_quick else (100, 7)
    for peer in peers():
        compared = alternate(
            rounds,
            ours=lambda: _mean(_submit, count),
            theirs=lambda peer=peer: _mean(peer.enqueue, count),
        )
        ratio = compared.ratio("theirs", "ours")
        yield Figure(
            measure="P1",
            what=f"enqueue of {peer.name} / submit()",
            value=ratio.wall,
            cpu=ratio.cpu,
            target=peer.least_ratio,
            is_floor=True,
            details=compared.microseconds(),
        )


def round_trip(is_quick: bool) -> Iterator[Figure]:
    """P2: until the submitter has the result, with a worker at rest."""
    count, rounds = (3, 1) if is_quick else (30, 5)
    fastest = float("inf")
    for peer in peers():
        with _worker(peer):
            peer.wait(peer.enqueue())  # it has started
            compared = alternate(
                rounds,
                ours=lambda: asyncio.run(_our_trips(count)),
                theirs=lambda peer=peer: _trips(peer, count),
            )
        ratio = compared.ratio("theirs", "ours")
        fastest = min(fastest, ratio.wall)
        yield Figure(
            measure="P2",
            what=f"{peer.name}: enqueue to result, p50 / submit() and aresult()",
            value=ratio.wall,
            is_floor=True,
            details=compared.microseconds(),
        )
    if fastest < float("inf"):
        yield Figure(
            measure="P2",
            what="the fastest of them / ours",
            value=fastest,
            target=15.0,
            is_floor=True,
        )


def _submit() -> object:
    from benchmarks.bodies import noop
    from benchmarks.pool import owner
    from ephemeral_tasks import submit

    return submit(owner(time.perf_counter_ns() % 50), noop)


def _mean(call: Callable[[], object], count: int) -> Cost:
    with stopwatch() as watch:
        for _ in range(count):
            call()
    return watch.cost / count


async def _our_trips(count: int) -> Cost:
    from benchmarks.bodies import noop
    from ephemeral_tasks import aresult, submit

    walls = []
    for number in range(count):
        begin = time.perf_counter()
        handle = submit(f"{number:032x}", noop)
        await aresult(f"{number:032x}", handle.id)
        walls.append(time.perf_counter() - begin)
    return Cost(wall=median(walls), cpu=0.0)


def _trips(peer: Peer, count: int) -> Cost:
    walls = []
    for _ in range(count):
        begin = time.perf_counter()
        peer.wait(peer.enqueue())
        walls.append(time.perf_counter() - begin)
    return Cost(wall=median(walls), cpu=0.0)


# -- what they need --------------------------------------------------------------------


@contextmanager
def _worker(peer: Peer) -> Iterator[None]:
    """Run the peer's worker; what was enqueued before is done first."""
    command = [sys.executable, "-m", *peer.worker]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def _redis(folder: str) -> Iterator[None]:
    """Run a Redis of our own that keeps nothing."""
    port = free_port()
    words = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder)
    command = ["redis-server", *words, "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    os.environ["BENCHMARK_REDIS"] = f"redis://127.0.0.1:{port}/0"
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def _set_up() -> None:
    """Set Django up, with the tasks of a database where they are installed."""
    import django
    from django.core.management import call_command

    os.environ["DJANGO_SETTINGS_MODULE"] = _QUEUE.replace("queued", "queued_settings")
    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)


if __name__ == "__main__":
    if shutil.which("redis-server") is None:
        sys.exit("needs redis-server on PATH")
    with ExitStack() as stack:
        home = stack.enter_context(TemporaryDirectory())
        os.environ["BENCHMARK_DATABASE"] = str(Path(home) / "queue.sqlite3")
        stack.enter_context(_redis(home))
        _set_up()
        main({"P1": enqueue, "P2": round_trip})
