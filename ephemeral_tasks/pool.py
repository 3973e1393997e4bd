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
from dataclasses import dataclass
from typing import Any

from . import reports, signals, windows
from .bodies import PlainContext, PoolContext, run, sentence_of
from .conf import Config, get_config
from .core.clock import Clock, LoopClock
from .core.context import OperationContext
from .core.errors import Closed, QueueFull
from .core.keyed import KeyedCoordinator
from .core.operation import Operation, Waiter
from .core.status import Status
from .errors import OperationFailed, ResultTooLarge
from .inbox import Bell, LoopThread
from .kept import Kept
from .operations import PoolOperation
from .sweep import Sweep
from .threads import Threads
from .watchdog import Watchdog

logger = logging.getLogger("ephemeral_tasks")

_LAST_SECONDS = 1.0  # how long bodies may take to end once they were cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStatistics:
    """The pool at one instant; counts are since it started."""

    running: int
    """Operations whose body runs now."""

    waiting: int
    """Operations that wait for their first start, those that are not due included."""

    retrying: int
    """Operations between two attempts."""

    max_running: int
    """How many may run at once."""

    max_waiting: int
    """How many may wait."""

    accepted: int
    """Operations that were taken."""

    refused: int
    """Submissions that were refused with QueueFull."""

    successful: int
    """Operations that ended well."""

    failed: int
    """Operations that ended with an error."""

    cancelled: int
    """Operations that were cancelled."""

    oldest_wait_seconds: float
    """How long the oldest waiting operation has waited; 0 when none waits."""

    loop_lag_seconds: float
    """How late the loop's newest beat was, or is."""

    stuck: int
    """Bodies that run on 5 s after they were told to end."""

    owners: int
    """Owners with at least one operation."""

    kept_bytes: int
    """Arguments and results in memory, estimated."""

    is_paused: bool
    """True while nothing starts."""


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
        self.plain = 0
        """Unfinished operations that need a thread; on the loop."""
        self.unstarted = 0
        """Taken and not yet started or ended; under the kept's lock."""
        is_ready = threading.Event()
        self.thread.start()
        self.thread.post(self._begin, is_ready)
        is_ready.wait()

    def _begin(self, is_ready: threading.Event) -> None:
        self.coordinator = self.make_coordinator()
        self.watchdog.start()
        self.sweep.start()
        is_ready.set()

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
                self._check_room()
                gone = self.kept.add(operation)
            except QueueFull:
                self.refused += 1
                raise
            self.accepted += 1
            self.unstarted += 1
            self.thread.post(self.coordinator.take, operation, delay)
        self._lost(gone)

    def submitted(self, operation: PoolOperation) -> None:
        """Hear that the submitter holds no lock any more; runs it there in tests."""

    def _check_room(self) -> None:
        statistics = self.coordinator.statistics()
        most = self.config.max_waiting
        free = 0 if statistics.is_paused else statistics.limit - statistics.running
        if self.unstarted >= most + max(0, free):
            raise QueueFull(f"{most} operations wait, MAX_WAITING is {most}")

    def end(self, operation: PoolOperation) -> None:
        """Tell an operation to end; from any thread. A waiting one ends at once."""
        with self.kept.lock:
            if operation.is_finished or operation.is_cancelling:
                return
            if operation.status is Status.READY:
                operation.finished_time = self.clock.time()
            operation.is_cancelling = True
        self._post(self.coordinator.end_if_unfinished, operation)

    def forget(self, operation: PoolOperation) -> None:
        """Let go of an operation and tell it to end; from any thread."""
        if self.kept.forget(operation):
            self.end(operation)

    def _post(self, callback: Callable[..., object], *args: Any) -> None:
        try:
            self.thread.post(callback, *args)
        except Closed:
            logger.debug("the pool has stopped")

    def finished(self, operation: PoolOperation) -> None:
        """Take an operation's end; on the loop, before anybody hears of it."""
        error, operation.error, operation.where = operation.error, None, None
        if error is not None:
            operation.failure = sentence_of(error, is_timed_out=operation.is_timed_out)
            operation.error = OperationFailed(str(operation.failure), operation.id[:8])
        reports.finished(operation, error)
        size = operation.kept_bytes
        if operation.status is Status.SUCCESSFUL:
            size = operation.result_bytes
        self._lost(self.kept.finish(operation, size))

    def _lost(self, gone: list[PoolOperation]) -> None:
        """Look after the handles of operations that went for others' sake."""
        for operation in gone:
            if operation.owner is not None:
                self.sweep.lost(operation.owner)
                signals.changed(operation.owner)

    async def wait(self, operation: PoolOperation) -> None:
        """Wait for an operation's end on the caller's own loop."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        bell = Bell(future)
        self.thread.post(add_waiter, operation, bell)
        try:
            await future
        except asyncio.CancelledError:
            self._post(_remove_waiter, operation, bell)
            raise

    def statistics(self) -> PoolStatistics:
        """Return the counters of this instant; from any thread."""
        inner = self.coordinator.statistics()
        with self.kept.lock:
            arriving = self.accepted - inner.accepted
            return PoolStatistics(
                running=inner.running,
                waiting=inner.waiting + arriving,
                retrying=inner.retrying,
                max_running=inner.limit,
                max_waiting=self.config.max_waiting,
                accepted=self.accepted,
                refused=self.refused,
                successful=inner.successful,
                failed=inner.failed,
                cancelled=inner.cancelled,
                oldest_wait_seconds=self.coordinator.oldest_wait_seconds(),
                loop_lag_seconds=self.watchdog.lag_seconds(),
                stuck=self.watchdog.stuck(),
                owners=len(self.kept.owners()),
                kept_bytes=self.kept.bytes,
                is_paused=inner.is_paused,
            )

    def notify(self, function: Callable[[], object]) -> None:
        """Call receivers of Django's signals in their own thread; on the loop."""
        self.receivers.run(contextvars.Context(), function)

    def close(self) -> None:
        """Take no more; from any thread."""
        with self.kept.lock:
            self.is_closed = True
        self._post(self.coordinator.cancel_deferred)
        self._post(self.coordinator.close)

    def drain(self, seconds: float) -> None:
        """Close, let accepted work go on for ``seconds``, cancel the rest, stop.

        Blocks the caller for at most ``seconds`` and one more; not for the pool's own
        thread.
        """
        self.close()
        is_idle = threading.Event()
        self._post(self.coordinator.when_idle, is_idle.set)
        if not self.thread.is_alive():
            return
        if not is_idle.wait(seconds):
            statistics = self.statistics()
            logger.warning(
                "the process ends: cancelling %s running and %s waiting operations",
                statistics.running,
                statistics.waiting + statistics.retrying,
            )
            self._post(self.coordinator.cancel_all)
            is_idle.wait(_LAST_SECONDS)
        self.stop()

    def stop(self) -> None:
        """Stop the loop and the threads; what still runs is left behind."""
        self.watchdog.stop()
        self.threads.close()
        self.receivers.close(_LAST_SECONDS)
        self.thread.stop(_LAST_SECONDS)


class PoolCoordinator(KeyedCoordinator[Any, Any]):
    """The coordinator that the pool hosts; its keys are owners."""

    def __init__(self, pool: Pool) -> None:
        config = pool.config
        super().__init__(
            self._run,
            key=_no_key,
            limit=config.max_running,
            limit_per_key=config.max_running_per_owner or _NO_LIMIT,
            capacity=config.max_waiting,
            history=0,
            echoes=0,
            clock=pool.clock,
        )
        self._pool = pool
        self._deferred: dict[str, PoolOperation] = {}
        """Taken, but not before their time; on the loop."""

    async def _run(self, call: Any) -> Any:
        return await run(call, self._pool.threads)

    def take(self, operation: PoolOperation, delay: float) -> None:
        """Admit an operation from the inbox, now or later."""
        if not operation.definition.is_async:
            self._pool.plain += 1
            self._pool.threads.reserve(min(self._pool.plain, self._limit))
        if delay > 0:
            operation.timer = self._clock.call_later(delay, self._due_first, operation)
            self._deferred[operation.id] = operation
        else:
            self.admit(operation)

    def _due_first(self, operation: PoolOperation) -> None:
        """Admit an operation whose time has come, or which was told to end."""
        if self._deferred.pop(operation.id, None) is not None:
            operation.timer = None
            self.admit(operation)

    def cancel_deferred(self) -> None:
        """End those whose time has not come."""
        for operation in [*self._deferred.values()]:
            self._pool.end(operation)

    def end_if_unfinished(self, operation: PoolOperation) -> None:
        """Tell an operation to end, unless it has."""
        if operation.timer is not None and operation.id in self._deferred:
            operation.timer.cancel()
            self._due_first(operation)  # where it is refused its start
        if self.end(operation) and not operation.is_finished:
            self._pool.watchdog.told_to_end(operation.id)

    def _claim(self, operation: Any) -> bool:
        with self._pool.kept.lock:
            if operation.is_cancelling:
                return False
            if not operation.attempt:
                self._pool.unstarted -= 1
            operation.attempted_time = self._clock.time()
            return super()._claim(operation)

    def _context_of(self, operation: Operation[Any, Any]) -> OperationContext:
        is_async = operation.item.task.is_async
        return PoolContext(operation) if is_async else PlainContext(operation)

    def _delay_after(self, operation: Any, error: BaseException) -> float | None:
        operation.attempt_failed(error)
        if isinstance(error, ResultTooLarge):
            return None
        return super()._delay_after(operation, error)

    def _time_out(self, operation: Operation[Any, Any]) -> None:
        super()._time_out(operation)
        if operation.is_timed_out:
            self._pool.watchdog.told_to_end(operation.id)

    def _stepped(self, operation: Any) -> None:
        if operation.status is Status.RUNNING:
            self._pool.watchdog.wake()
        elif operation.is_finished:
            self._ended_one(operation)
        operation.announce(self._pool)

    def _ended_one(self, operation: PoolOperation) -> None:
        if not operation.definition.is_async:
            self._pool.plain -= 1
        if not operation.attempt:
            with self._pool.kept.lock:
                self._pool.unstarted -= 1
        self._pool.watchdog.ended(operation.id)
        self._pool.finished(operation)

    def progressed(self, operation: Any) -> None:
        """Announce progress once, until somebody looks; from any thread."""
        if not operation.is_announced:
            operation.is_announced = True
            if operation.owner is not None:
                signals.changed(operation.owner)

    def find(self, id: str) -> PoolOperation | None:
        """Return an unfinished operation; from any thread."""
        return self._unfinished.get(id)  # type: ignore[return-value]  # admits no other

    def unfinished(self) -> list[PoolOperation]:
        """Return what has arrived and not ended; from any thread."""
        return [*self._unfinished.values(), *self._deferred.values()]  # type: ignore[list-item]

    def oldest_wait_seconds(self) -> float:
        """Return how long the oldest waiting operation has waited; any thread."""
        # list() of a dict's values runs no Python code: the loop cannot come between
        for operation in list(self._unfinished.values()):
            if not operation.attempt and not operation.is_cancelling:
                return max(0.0, self._clock.time() - operation.submitted_time)
        return 0.0

    def position(self, operation: PoolOperation) -> int | None:
        """Return an operation's place among those that wait, from 1; any thread."""
        if operation.host is None:  # still in the inbox, behind all that wait
            return len(self._queue) + 1
        return self._queue.position(operation)

    def when_idle(self, callback: Callable[[], object]) -> None:
        """Call back once all that was accepted has ended; after ``close``."""
        waiter = self._loop.create_future()
        waiter.add_done_callback(lambda _: callback())
        self._idle.append(waiter)
        self._wake_idle()


def add_waiter(operation: PoolOperation, bell: Waiter) -> None:
    """Ring at the operation's end, or now when it has ended; on the loop."""
    if operation.is_finished:
        bell.set_result(None)
        return
    if operation.waiters is None:
        operation.waiters = []
    operation.waiters.append(bell)


def _remove_waiter(operation: PoolOperation, bell: Bell) -> None:
    if operation.waiters is not None and bell in operation.waiters:
        operation.waiters.remove(bell)


_NO_LIMIT = 2**31


def _no_key(item: Any) -> None:
    raise NotImplementedError("the pool makes its operations itself")


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
    statistics = pool.coordinator.statistics()
    is_full = pool.unstarted >= pool.config.max_waiting + max(
        0, statistics.limit - statistics.running
    )
    return not (pool.is_closed or is_full or pool.watchdog.is_stalled())


def resize(limit: int) -> None:
    """Let ``limit`` operations run at once in this process, from now on.

    Raises:
        TypeError, ValueError: ``limit`` is no whole number from 1 on.
    """
    from .core.checks import check_at_least

    check_at_least("limit", limit, 1)
    pool = get()
    pool.thread.post(pool.coordinator.resize, limit)


def pause() -> None:
    """Start nothing more until ``resume``; what runs goes on."""
    pool = get()
    pool.thread.post(pool.coordinator.pause)


def resume() -> None:
    """Start what waits, now and from now on."""
    pool = get()
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
    pool.drain(seconds)


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
            old.drain(0.0)
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
