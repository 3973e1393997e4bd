"""The process's pool: one thread, one loop, started by the first submission."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from .. import windows
from ..conf import Config, get_config
from ..core.clock import Clock, LoopClock, monotonic_of
from ..core.errors import Closed
from ..core.validation import check_at_least
from ..machine import process
from ..machine.table import Kind
from ..machine.verbs import verb
from . import draining
from .counters import PoolStatistics
from .pool import Pool

_lock = threading.Lock()
_pool: Pool | None = None
"""Made and replaced under ``_lock``; read by any thread."""
_make: Callable[[Config], Pool] = Pool
"""How the next pool is made; replaced by tests alone."""
_process = (secrets.token_hex(4), int(time.time()))
_pid = os.getpid()
"""Replaced with ``_process`` in a forked child, before it has a second thread."""


def get() -> Pool:
    """Return the process's pool; the first call starts its thread.

    Raises:
        ImproperlyConfigured: The settings are wrong, or threads are greenlets here.
        Closed: This process hosts no more, and had none: nobody would drain it.
    """
    global _pool
    pool = current()
    if pool is not None:
        return pool
    with _lock:  # or two first submissions would make two pools
        if _pool is None:
            if process.has_retired():
                raise Closed
            _pool = _make(get_config())
        return _pool


def current() -> Pool | None:
    """Return the process's pool if it was started."""
    if _pid != os.getpid():  # uWSGI forks without Python's hooks
        _start_anew_in_child()
    return _pool


def process_id() -> tuple[str, int]:
    """Return a random name of the pool's process, and its start.

    That is in seconds since the epoch.
    """
    current()
    return process.host_name() if process.is_shared() else _process


def time_now() -> float:
    """Return the seconds since the epoch by the pool's clock, where there is a pool."""
    pool = current()
    return time.time() if pool is None else pool.clock.time()


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a load balancer may know of the pool."""

    is_healthy: bool
    """Whether a submission would be taken and run soon."""
    running: int
    """Operations that hold a slot."""
    waiting: int
    """Operations that wait, also between two attempts."""
    host_pid: int
    """The process that would run it."""
    clients: int
    """How many other processes use its pool."""


def is_healthy() -> bool:
    """Return whether a submission would be taken and run soon; from any thread."""
    return health().is_healthy


@verb(Kind.LOOK)
def health() -> Health:
    """Return the pool's health; it starts no pool."""
    pool = current()
    # Not statistics(): anybody may ask, and those look at the times of each task.
    running, waiting = (0, 0) if pool is None else pool.ledger.load()
    return Health(
        is_healthy=pool is None or pool.is_healthy(),
        running=running,
        waiting=waiting,
        host_pid=os.getpid(),
        clients=process.count_clients(),
    )


@verb(Kind.ADD)
def resize(limit: int) -> None:
    """Run ``limit`` operations at once, from now on.

    Raises:
        TypeError, ValueError: ``limit`` is no whole number from 1 on.
    """
    check_at_least("limit", limit, 1)
    pool = get()
    pool.follow(pool.ledger.resize(limit))


@verb(Kind.ADD)
def pause() -> None:
    """Start no more operations until ``resume``; running ones go on."""
    get().ledger.pause()


@verb(Kind.ADD)
def resume() -> None:
    """Start waiting operations, now and from now on."""
    pool = get()
    pool.follow(pool.ledger.resume())


@verb(Kind.ADD)
def statistics() -> PoolStatistics:
    """Return the pool's counters; starts the pool if it was not."""
    return get().statistics()


def drain(seconds: float | None = None) -> None:
    """End the pool: take no more, wait for accepted work, cancel the rest; blocks.

    Another process of the machine hosts what is submitted from now on.

    Args:
        seconds: How long accepted work may go on; ``DRAIN_SECONDS`` by default, and
            zero under the autoreloader. One second more is for clean-up.
    """
    pool = current()
    if pool is not None and pool.loop.is_current():
        return
    process.retire()
    pool = current()  # a client's call may have started it just before
    if pool is not None and pool.loop.is_alive():
        if seconds is None:
            is_reloading = os.environ.get("RUN_MAIN") == "true"
            seconds = 0.0 if is_reloading else pool.config.drain_seconds
        draining.drain(pool, seconds)
    process.close()  # until now clients could fetch results


def reset(
    clock: Clock | None = None, make: Callable[[Config, Clock], Pool] = Pool
) -> None:
    """Cancel everything, forget every window and start afresh; for tests.

    Args:
        clock: Where the next pool's time comes from; the system's by default.
        make: Makes the next pool, at the first submission.
    """
    global _pool, _make
    now = clock or LoopClock()
    process.reset()
    with _lock:  # or a submission meanwhile would make a pool with the old clock
        old, _pool = _pool, None
        if old is not None:
            draining.drain(old, 0.0)
        windows.now = monotonic_of(now)  # before the next store is made with it
        windows.forget_all()
        _make = lambda config: make(config, now)  # noqa: E731


def _start_anew_in_child() -> None:
    """Forget the parent's pool: its thread is not here, its locks may be held."""
    global _lock, _pid, _pool, _process
    _lock = threading.Lock()
    _pid = os.getpid()
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
