"""Runs operations of the package on the path and counts what one of them takes.

For ``scripts.inside``, which runs it in a process of its own.
"""

import json
import sys
import threading
import time
from pathlib import Path

LOCK_HOMES = {"books.py", "kept.py", "ledger.py"}
"""The modules that hold the lock of the pool's operations, now and formerly."""

is_counting = False
taken: list[str] = []
"""The module of each acquisition of that lock."""
called: list[str] = []
"""The module of each call within the package."""


class CountingLock:
    """A lock that notes each acquisition; its other methods are the lock's."""

    def __init__(self, lock):
        self._lock = lock

    def __enter__(self):
        if is_counting:
            taken.append("lock")
        return self._lock.__enter__()

    def __exit__(self, *error):
        return self._lock.__exit__(*error)

    def __getattr__(self, name):
        return getattr(self._lock, name)


def counting(make):
    """Return a maker of locks that counts for the modules that matter."""

    def made():
        home = Path(sys._getframe(1).f_code.co_filename).name
        return CountingLock(make()) if home in LOCK_HOMES else make()

    return made


def note_call(frame, event, argument):
    """Note the module of a call, unless it is the watchdog's."""
    file = frame.f_code.co_filename
    is_ours = is_counting and event == "call" and "ephemeral_tasks" in file
    if is_ours and "watchdog" not in threading.current_thread().name:
        called.append(file)


threading.Lock, threading.RLock = map(counting, (threading.Lock, threading.RLock))
threading.setprofile(note_call)  # before the pool's threads start
sys.setprofile(note_call)

import django  # noqa: E402
from django.conf import settings  # noqa: E402

settings.configure(INSTALLED_APPS=["ephemeral_tasks"], SECRET_KEY="probe", USE_TZ=True)
django.setup()

from ephemeral_tasks import submit, task  # noqa: E402


@task
async def nothing():
    """Return at once."""


def run_one() -> None:
    """Submit one operation and wait until all that follows has happened."""
    submit("a" * 32, nothing)
    time.sleep(0.05)


for _ in range(20):
    run_one()
is_counting = True
run_one()
is_counting = False
sys.setprofile(None)
print(
    json.dumps(
        {
            "lock acquisitions of one operation": len(taken),
            "calls of one operation": len(called),
            "modules touched by one operation": len({*called}),
        }
    )
)
