"""The log line for a connection that was dropped."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from threading import Lock

from ..forking import call_in_child

logger = logging.getLogger("ephemeral_tasks")

_LINES = 10
_SECONDS = 60.0

_lock = Lock()
"""Guards the next two lines; connections are dropped by several threads.
Replaced in a forked child."""
_since = float("-inf")
_count = 0


def log_drop(reason: object) -> None:
    """Log why a connection was dropped; at most ten lines a minute are written."""
    if not _may_log(time.monotonic()):
        return
    with suppress(Exception, SystemExit):  # of a handler of the site's own
        logger.warning("dropped a connection to the machine's pool: %s", reason)


def _may_log(now: float) -> bool:
    global _count, _since
    with _lock:
        if now - _since >= _SECONDS:
            _since, _count = now, 0
        _count += 1
        return _count <= _LINES


def _start_anew_in_child() -> None:
    global _lock
    _lock = Lock()  # a thread that is not here may hold the parent's


call_in_child(_start_anew_in_child)
