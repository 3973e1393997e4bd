"""The process's pool: one thread, one loop, one coordinator behind an inbox.

Threads meet here: any of them submits, the pool's loop runs.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from . import draining, reports, signals, windows
from .conf import Config, get_config
from .core.checks import check_at_least
from .core.clock import Clock, LoopClock
from .core.coordinator import Coordinator
from .core.errors import Closed, QueueFull
from .core.status import Status
from .inbox import LoopThread
from .kept import Kept
from .operations import PoolOperation
from .room import Room
from .running import PoolCoordinator
from .statistics import PoolStatistics
from .sweep import Sweep, reconcile
from .threads import Threads
from .watchdog import Watchdog

if TYPE_CHECKING:
    from .hosted import Hosting

logger = logging.getLogger("ephemeral_tasks")

_LAST_SECONDS = 1.0  # how long threads may take to end


class Pool:
    """Runs the operations of this process; made by ``get``, at the first submission."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        self.config = config
        self.clock: Clock = clock or LoopClock()
        self.kept = Kept(config)
        self.thread = LoopThread("ephemeral-tasks")
        self.threads = Threads(self.thread.post)
        self.receivers = Threads(self.thread.post, most=1)
        """One thread for Django's signals: off the loop, and in order."""
        self.watchdog = Watchdog(self)
        self.sweep = Sweep(self)
        self.is_closed = False
        """True once nothing more is taken; under the kept's lock."""
        self.accepted = self.refused = 0
        """Counted under the kept's lock."""
        self._hosted: dict[str, Hosting] = {}
        """Named coordinators; changed on the loop, read by any thread."""
        self.end_of_work: asyncio.Task[None] | None = None
        """Waits for the last operation once the pool is closed; on the loop."""
        self.plain = 0
        """Unfinished operations that need a thread; under the kept's lock."""
        self.room = Room(config)
        self.thread.start()
        try:
            self.thread.call(self._begin)
        except Exception:
            self.thread.stop(_LAST_SECONDS)
            raise

    def _begin(self) -> None:
        self.coordinator = self.make_coordinator()
        self.watchdog.start()
        self.sweep.start()

    def make_coordinator(self) -> PoolCoordinator:
        """Return what orders and runs the operations; on the loop."""
        return PoolCoordinator(self)

    def accept(self, operation: PoolOperation, *, delay: float = 0.0) -> None:
        """Take an operation; from any thread, at once.

        Args:
            operation: New, known to nobody else.
            delay: Seconds after which it may start; it counts as waiting meanwhile.

        Raises:
            Closed: The process is ending.
            QueueFull: A bound is reached. In both cases nothing was changed.
        """
        with self.kept.lock:
            if self.is_closed:
                raise Closed("closed: this process is ending")
            try:
                self.room.take(operation, is_due=delay <= 0)
                gone = self.kept.add(operation)
            except QueueFull:
                self.room.leave(operation)
                self.refused += 1
                raise
            self.accepted += 1
            if not operation.definition.is_async:
                self.plain += 1
                with suppress(RuntimeError):  # no more threads: its start will tell
                    self.threads.reserve(min(self.plain, self.room.limit))
            self.thread.put(self.coordinator.take, operation, delay)
        self.thread.wake()
        self._lost(gone, besides=operation.owner)

    def submitted(self, operation: PoolOperation) -> None:
        """Hear that the submitter holds no lock any more; runs it there in tests."""

    def end(self, operation: PoolOperation) -> bool:
        """Tell an operation to end; from any thread. A waiting one ends at once.

        Returns:
            False when its outcome was settled before.
        """
        with self.kept.lock:
            if operation.is_ending or operation.is_cancelling:
                return operation.is_cancelling
            if operation.status is Status.READY:
                operation.finished_time = self.clock.time()
                self.room.leave(operation)
            operation.is_cancelling = True
        self.post(self.coordinator.end_if_unfinished, operation)
        return True

    def forget(self, operation: PoolOperation) -> None:
        """Let go of an operation and tell it to end; from any thread."""
        if self.kept.forget(operation):
            self.end(operation)

    def post(self, callback: Callable[..., object], *args: Any) -> None:
        """Have the loop call back, unless the pool has ended; from any thread."""
        try:
            self.thread.post(callback, *args)
        except Closed:
            logger.debug("the pool has stopped")

    def finished(self, operation: PoolOperation) -> None:
        """Take an operation's end; on the loop, before anybody hears of it."""
        error, operation.cause = operation.cause, None
        with suppress(Exception):  # of a site's own handler or filter
            reports.finished(operation, error)
        size = operation.kept_bytes
        if operation.status is Status.SUCCESSFUL:
            size = operation.result_bytes
        self._lost(self.kept.finish(operation, size))

    def _lost(self, gone: list[PoolOperation], *, besides: str | None = None) -> None:
        """Drop the handles of operations that went for others' sake, at once.

        Not those of the owner ``besides``, whose window is being changed right now.
        """
        for owner in {operation.owner for operation in gone} - {None, besides}:
            if owner is not None:
                reconcile(self, owner)
                signals.changed(owner)

    def hosting(self, name: str, make: Callable[[], Hosting]) -> Hosting:
        """Return the hosted coordinator of this name, made on the loop at first use."""
        found = self._hosted.get(name)
        if found is not None:
            return found
        self.thread.call(partial(self._make_hosting, name, make))
        return self._hosted[name]

    def _make_hosting(self, name: str, make: Callable[[], Hosting]) -> None:
        if name not in self._hosted:
            self._hosted[name] = make()

    def statistics(self) -> PoolStatistics:
        """Return the counters of this instant; from any thread."""
        inner = self.coordinator.statistics()
        with self.kept.lock:
            arriving = self.accepted - inner.accepted
            return PoolStatistics(
                running=inner.running,
                waiting=inner.waiting + arriving,
                retrying=inner.retrying,
                max_running=self.room.limit,
                max_waiting=self.config.max_waiting,
                accepted=self.accepted,
                refused=self.refused,
                successful=inner.successful,
                failed=inner.failed,
                cancelled=inner.cancelled,
                oldest_wait_seconds=self.coordinator.oldest_wait_seconds(),
                loop_lag_seconds=self.watchdog.lag_seconds(),
                stuck=self.watchdog.stuck(),
                owners=self.kept.owner_count(),
                kept_bytes=self.kept.bytes,
                is_paused=self.room.is_paused,
            )

    def notify(self, function: Callable[[], object]) -> None:
        """Call receivers of Django's signals in their own thread; on the loop."""
        self.receivers.run(contextvars.Context(), function)

    def coordinators(self) -> list[Coordinator[Any, Any]]:
        """Return the pool's own coordinator and the hosted ones; on the loop."""
        hosted = [hosting.coordinator for hosting in self._hosted.values()]
        return [self.coordinator, *hosted]

    def stop(self, timeout: float) -> None:
        """Stop the loop and the threads within ``timeout`` seconds.

        What still runs is left behind; daemon threads do not hold up the process.
        """
        until = time.monotonic() + timeout
        self.watchdog.stop()
        self.threads.close()
        self.receivers.close(timeout)
        self.thread.stop(max(0.0, until - time.monotonic()))


# -- the process's pool ----------------------------------------------------------------

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
