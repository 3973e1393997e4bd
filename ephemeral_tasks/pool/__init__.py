"""The process's pool: one thread, one loop, started by the first submission."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable

from .. import windows
from ..conf import Config, get_config
from ..core.clock import Clock, LoopClock
from ..core.validation import check_at_least
from . import draining
from .counters import PoolStatistics
from .pool import Pool

_lock = threading.Lock()
_pool: Pool | None = None
"""Made and replaced under ``_lock``; read by any thread."""
_make: Callable[[Config], Pool] = Pool
"""How the next pool is made; replaced by tests alone."""
_process = (secrets.token_hex(4), int(time.time()))


def get() -> Pool:
    """Return the process's pool; the first call starts its thread."""
    global _pool
    if _pool is None:
        with _lock:
            if _pool is None:
                _pool = _make(get_config())
    return _pool


def current() -> Pool | None:
    """Return the process's pool if it was started."""
    return _pool


def process_id() -> tuple[str, int]:
    """Return a random name of this process and its start in seconds since the epoch."""
    return _process


def is_healthy() -> bool:
    """Return whether a submission would be taken and run soon; from any thread."""
    pool = _pool
    if pool is None:
        return True
    return not (pool.is_closed or pool.room.is_full() or pool.watchdog.is_stalled())


def check_limit(limit: int) -> None:
    """Refuse what cannot be a limit.

    Raises:
        TypeError, ValueError: ``limit`` is no whole number from 1 on.
    """
    check_at_least("limit", limit, 1)


def resize(limit: int) -> None:
    """Let ``limit`` operations run at once in this process, from now on.

    Raises:
        TypeError, ValueError: ``limit`` is no whole number from 1 on.
    """
    check_limit(limit)
    pool = get()
    with pool.kept.lock:
        pool.room.limit = limit
        pool.thread.post(pool.coordinator.resize, limit)


def pause() -> None:
    """Start nothing more until ``resume``; what runs goes on."""
    pool = get()
    with pool.kept.lock:
        pool.room.is_paused = True
        pool.thread.post(pool.coordinator.pause)


def resume() -> None:
    """Start what waits, now and from now on."""
    pool = get()
    with pool.kept.lock:
        pool.room.is_paused = False
        pool.thread.post(pool.coordinator.resume)


def statistics() -> PoolStatistics:
    """Return the pool's counters; starts the pool if it was not."""
    return get().statistics()


def drain(seconds: float | None = None) -> None:
    """End the pool: take no more, let work go on, cancel the rest; blocks meanwhile.

    Args:
        seconds: How long accepted work may go on; ``DRAIN_SECONDS`` by default, and
            zero under the autoreloader. One second more is for clean-up.
    """
    pool = _pool
    if pool is None or not pool.thread.is_alive() or pool.thread.is_current():
        return
    if seconds is None:
        is_reloading = os.environ.get("RUN_MAIN") == "true"
        seconds = 0.0 if is_reloading else pool.config.drain_seconds
    draining.drain(pool, seconds)


def reset(
    clock: Clock | None = None, make: Callable[[Config, Clock], Pool] = Pool
) -> None:
    """Cancel everything, forget every window, and begin anew; for tests.

    Args:
        clock: Where the next pool's time comes from; the system's by default.
        make: What makes it, at the first submission, when settings are settled.
    """
    global _pool, _make
    now = clock or LoopClock()
    with _lock:
        old, _pool = _pool, None
        if old is not None:
            draining.drain(old, 0.0)
        windows.forget_all()
        windows.clock = now
        _make = lambda config: make(config, now)  # noqa: E731


def _start_anew_in_child() -> None:
    """Forget the parent's pool: its thread is not here, its locks may be held."""
    global _lock, _pool, _process
    _lock = threading.Lock()
    _pool = None
    _process = (secrets.token_hex(4), int(time.time()))
    windows.forget_all()


os.register_at_fork(after_in_child=_start_anew_in_child)

# `atexit` is too late: concurrent.futures has refused new work by then. Where this hook
# is missing a plain atexit is better than nothing.
if hasattr(threading, "_register_atexit"):
    threading._register_atexit(drain)
else:  # pragma: no cover
    import atexit

    atexit.register(drain)
