"""Each verb of an owner, called again and again, at a host or at its client.

    python -m benchmarks.verbs FOLDER

is a client: it reads lines with a verb's name and a count, and answers each with what
every call took, in microseconds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from benchmarks.pool import configure, owner

VERBS = ("submit", "window", "row", "result", "cancel", "dismiss")


def set_up(folder: str) -> None:
    """Set Django up in a process of the machine whose processes meet in the folder."""
    configure(
        POOL="machine",
        POOL_DIR=folder,
        SWEEP_SECONDS=3600,
        MAX_RUNNING=4,
    )


def sample(verb: str, count: int, key: str) -> list[float]:
    """Return what each call of a verb took, without the others that it needs."""
    make = _CALLS[verb]
    found = []
    for _ in range(count):
        call = make(key)
        begin = time.perf_counter()
        call()
        found.append(1e6 * (time.perf_counter() - begin))
    return found


def _submit(key: str) -> Callable[[], object]:
    from benchmarks.bodies import noop
    from ephemeral_tasks import submit

    return lambda: submit(key, noop)


def _window(key: str) -> Callable[[], object]:
    from ephemeral_tasks import window

    _fill(key)
    return lambda: window(key)


def _row(key: str) -> Callable[[], object]:
    from ephemeral_tasks.submission import row

    id = _fill(key)
    return lambda: row(key, id)


def _result(key: str) -> Callable[[], object]:
    from ephemeral_tasks import result

    id = _fill(key)
    return lambda: result(key, id)


def _cancel(key: str) -> Callable[[], object]:
    from benchmarks.bodies import hold
    from ephemeral_tasks import cancel, submit

    id = submit(key, hold).id
    return lambda: cancel(key, id)


def _dismiss(key: str) -> Callable[[], object]:
    from ephemeral_tasks import dismiss

    id = _fill(key)
    return lambda: dismiss(key, id)


def _fill(key: str) -> str:
    """Return an id of the owner's five finished operations."""
    from benchmarks.bodies import noop
    from ephemeral_tasks import submit, window

    rows = window(key)
    while len(rows) < 5 or not rows[0].is_finished:
        if len(rows) < 5:
            submit(key, noop)
        rows = window(key)
    return rows[0].id


_CALLS = {
    "submit": _submit,
    "window": _window,
    "row": _row,
    "result": _result,
    "cancel": _cancel,
    "dismiss": _dismiss,
}


def main() -> None:
    """Answer each line, as a client of the process that hosts."""
    set_up(sys.argv[1])
    for line in sys.stdin:
        verb, count = line.split()
        found = sample(verb, int(count), owner(2))
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
