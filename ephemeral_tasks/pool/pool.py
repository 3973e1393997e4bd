"""The process's pool: one thread, one loop, one coordinator behind an inbox.

Threads meet here: any of them submits, the pool's loop runs.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import signals
from ..conf import Config
from ..core.clock import Clock, LoopClock
from ..core.coordinator import Coordinator
from ..core.errors import Closed, QueueFull
from ..core.status import Status
from . import log
from .coordinator import PoolCoordinator
from .counters import PoolStatistics
from .kept import Kept
from .loop import LoopThread
from .operation import PoolOperation
from .room import Room
from .sweep import Sweep, reconcile
from .threads import Threads
from .watchdog import Watchdog

if TYPE_CHECKING:
    from .coordinators import Hosting

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
            if not operation.task.is_async:
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
            log.log_finished(operation, error)
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
                signals.send_changed(owner)

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
