"""State, slots and bytes of every operation of the pool, under one lock.

Any thread calls; nothing here calls back, wakes a loop or waits. What follows from a
change is returned, and the caller does it once it holds no lock.

Order of locks: ``windows.lock``, then the ledger's own. A look at a window and at the
ledger together is made under the first, so the second is always the inner one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable

from ..conf import Config
from ..core.attempts import CANCELLED, Outcome
from ..core.errors import Closed, QueueFull
from ..core.status import Status
from ..errors import ClientFull
from .admission import Admission
from .change import Change
from .counters import PoolStatistics
from .memory import Memory
from .operation import PoolOperation


class Ledger:
    """The only writer of a status in the pool.

    The step that accepts or ends an operation gives out free slots, too: a free slot
    means that no waiting operation could start. A waiting operation that is cancelled
    is CANCELLED in the same step. Methods "without the lock" read one number, or look
    up or copy one dict, which the interpreter does in one step.
    """

    def __init__(self, config: Config, monotonic: Callable[[], float]) -> None:
        self._config = config
        self._monotonic = monotonic
        self._lock = threading.RLock()
        """Protects everything below and the statuses. Reentrant for the site's sake: a
        signal handler or a finalizer may call the pool while this thread holds it."""
        self.memory = Memory(config)
        """What is kept; others only look at it."""
        self._admission = Admission(config, self.memory)
        self._scheduler = self._admission.scheduler
        self._unfinished: dict[str, PoolOperation] = {}
        """In the order of acceptance; also forgotten ones that have not ended."""
        self._plain = 0
        """Unfinished operations that need a thread."""
        self._is_closed = False
        self._accepted = self._refused = 0
        self._ended = {Status.SUCCESSFUL: 0, Status.FAILED: 0, Status.CANCELLED: 0}

    # -- accepting ---------------------------------------------------------------------

    def accept(
        self,
        operation: PoolOperation,
        *,
        is_due: bool = True,
        leaving: Collection[PoolOperation] = (),
        place: int = 0,
    ) -> Change:
        """Take a new operation.

        Args:
            operation: New; no other thread has it.
            is_due: False for one that may not start before ``release``.
            leaving: Its owner's operations that are forgotten in the same step.
            place: Its index among its owner's operations, the newest being 0.

        Raises:
            Closed: The process is ending.
            QueueFull, ClientFull: A bound is reached. In each case nothing was changed.
        """
        change = Change()
        with self._lock:  # queued, counted and kept in one step, or refused
            if self._is_closed:
                raise Closed("closed: this process is ending")
            try:
                evicted = self.memory.find_evictable(operation)
                started = self._admission.schedule(operation, is_due=is_due)
            except (QueueFull, ClientFull):
                self._refused += 1
                raise
            self._accepted += 1
            self._unfinished[operation.id] = operation
            self._plain += not operation.task.is_async
            self.memory.add(operation, place=place)
            self._claim(started, change)
            if operation.task.supersede:
                self._supersede(operation, change)
            for old in leaving:
                self._forget(old, change)
            if evicted:
                self._evict(evicted, change)
        if operation.owner is not None:  # the submitter announces its own change
            change.changed.discard(operation.owner)
            change.evicted.discard(operation.owner)
        return change

    def _claim(self, started: Iterable[PoolOperation], change: Change) -> None:
        """Make operations RUNNING in the same step that gave them a slot."""
        for operation in started:
            operation.start(self._monotonic())
            change.started.append(operation)
            if operation.owner is not None:
                change.changed.add(operation.owner)

    def _supersede(self, operation: PoolOperation, change: Change) -> None:
        """Cancel the owner's other unfinished operations of the task."""
        if operation.owner is None:
            return
        for mate in self.memory.of(operation.owner):
            is_same_task = mate.task.func is operation.task.func
            if mate is not operation and is_same_task and not mate.is_finished:
                self._cancel(mate, change)

    # -- waiting -----------------------------------------------------------------------

    def release(self, operation: PoolOperation) -> Change:
        """Queue a deferred operation whose time has come, unless it has finished."""
        return self._queue(operation, self._scheduler.release)

    def requeue(self, operation: PoolOperation) -> Change:
        """Queue an operation whose next attempt is due, unless it has finished."""
        return self._queue(operation, self._scheduler.requeue)

    def _queue(
        self,
        operation: PoolOperation,
        enqueue: Callable[[PoolOperation], list[PoolOperation]],
    ) -> Change:
        change = Change()
        with self._lock:  # or a cancel could come between the look and the queue
            if not operation.is_finished:
                self._claim(enqueue(operation), change)
        return change

    # -- ending ------------------------------------------------------------------------

    def end_attempt(
        self, operation: PoolOperation, outcome: Outcome, delay: float | None
    ) -> Change:
        """Finish an operation, or free its slot until the next attempt.

        Args:
            operation: RUNNING.
            outcome: Replaced by CANCELLED where that was asked for meanwhile.
            delay: Seconds until the next attempt; None when none follows.
        """
        change = Change()
        with self._lock:  # or a cancel could come after the look and be ignored
            if operation.is_cancelling:
                outcome, delay = CANCELLED, None
            if delay is None:
                self._finish(operation, outcome, change)
            else:
                operation.rest()
                self._claim(self._scheduler.rest(operation), change)
                if operation.owner is not None:
                    change.changed.add(operation.owner)
        return change

    def cancel(
        self, operation: PoolOperation, *, spare_running: bool = False
    ) -> tuple[bool, Change]:
        """Cancel an operation: now if it waits, else as soon as its body ends.

        Args:
            operation: Of the pool.
            spare_running: Whether one whose body runs is left alone.

        Returns:
            Whether it is or will be CANCELLED, and what follows.
        """
        change = Change()
        with self._lock:  # or its body could start or end between look and cancel
            if operation.is_cancelling or operation.status is Status.CANCELLED:
                return True, change
            if operation.is_finished:
                return False, change
            if spare_running and operation.status is Status.RUNNING:
                return False, change
            self._cancel(operation, change)
        return True, change

    def cancel_all(self) -> Change:
        """Cancel all unfinished operations."""
        with self._lock:
            return self._cancel_each([*self._unfinished.values()])

    def close(self) -> Change:
        """Take no more, and cancel deferred operations."""
        with self._lock:
            self._is_closed = True
            is_deferred = self._scheduler.is_deferred
            deferred = [o for o in self._unfinished.values() if is_deferred(o)]
            return self._cancel_each(deferred)

    def _cancel_each(self, operations: list[PoolOperation]) -> Change:
        """Cancel operations, waiting ones first: they must not start meanwhile."""
        change = Change()
        for operation in sorted(operations, key=lambda o: o.status is Status.RUNNING):
            self._cancel(operation, change)
        return change

    def _cancel(self, operation: PoolOperation, change: Change) -> None:
        if operation.status is not Status.RUNNING:
            self._finish(operation, CANCELLED, change)
        elif not operation.is_cancelling:
            operation.is_cancelling = True
            change.interrupted.append(operation)

    def _finish(
        self, operation: PoolOperation, outcome: Outcome, change: Change
    ) -> None:
        is_running = operation.status is Status.RUNNING
        leave = self._scheduler.finish if is_running else self._scheduler.withdraw
        started = leave(operation)
        status, value, error = outcome
        operation.finish(status, self._monotonic(), value=value, error=error)
        del self._unfinished[operation.id]
        self._plain -= not operation.task.is_async
        self._ended[status] += 1
        kept = 0 if operation.item is None else operation.kept_bytes
        if status is Status.SUCCESSFUL:
            kept += operation.result_bytes
        self.memory.finish(operation, kept)
        change.finished.append(operation)
        if operation.owner is not None:
            change.changed.add(operation.owner)
        if started:
            self._claim(started, change)
        if surplus := self.memory.find_surplus():
            self._evict(surplus, change)

    # -- forgetting --------------------------------------------------------------------

    def forget(self, *operations: PoolOperation) -> Change:
        """Forget operations, and cancel the unfinished ones."""
        change = Change()
        with self._lock:
            for operation in operations:
                self._forget(operation, change)
        return change

    def _forget(self, operation: PoolOperation, change: Change) -> None:
        if self.memory.remove(operation) and not operation.is_finished:
            self._cancel(operation, change)

    def _evict(self, operations: Iterable[PoolOperation], change: Change) -> None:
        for operation in operations:
            self.memory.remove(operation)
            if operation.owner is not None:
                change.evicted.add(operation.owner)

    # -- steering ----------------------------------------------------------------------

    def resize(self, limit: int) -> Change:
        """Change how many run at once."""
        return self._steer(lambda: self._scheduler.resize(limit))

    def pause(self) -> None:
        """Start no more operations until ``resume``."""
        with self._lock:
            self._scheduler.pause()

    def resume(self) -> Change:
        """Start operations again."""
        return self._steer(self._scheduler.resume)

    def _steer(self, steer: Callable[[], list[PoolOperation]]) -> Change:
        change = Change()
        with self._lock:
            self._claim(steer(), change)
        return change

    # -- looking -----------------------------------------------------------------------

    @property
    def is_closed(self) -> bool:
        """True once nothing more is taken; written once, read without the lock."""
        return self._is_closed

    @property
    def is_empty(self) -> bool:
        """True while no operation is unfinished; without the lock."""
        return not self._unfinished

    def is_full(self) -> bool:
        """Return whether a new visitor's operation would be refused."""
        with self._lock:
            return not self._scheduler.admits(object())

    def threads_needed(self) -> int:
        """Return how many plain functions may run at once now; without the lock."""
        return min(self._plain, self._scheduler.limit)

    def find(self, id: str) -> PoolOperation | None:
        """Return an unfinished operation; without the lock."""
        return self._unfinished.get(id)

    def unfinished(self) -> list[PoolOperation]:
        """Return unfinished operations in the order of acceptance; without the lock."""
        return list(self._unfinished.values())

    def running(self) -> int:
        """Return how many hold a slot; without the lock."""
        return self._scheduler.running

    def position(self, operation: PoolOperation) -> int | None:
        """Return an operation's place among waiting ones, from 1; else None."""
        with self._lock:  # the queue is walked and must not change meanwhile
            if operation.status is not Status.READY:
                return None
            return self._scheduler.position(operation)

    def statistics(self, *, loop_lag_seconds: float, stuck: int) -> PoolStatistics:
        """Return the counters of this instant, with two that the watchdog knows."""
        with self._lock:
            scheduler = self._scheduler
            return PoolStatistics(
                running=scheduler.running,
                waiting=scheduler.waiting,
                retrying=scheduler.retrying,
                max_running=scheduler.limit,
                max_waiting=scheduler.capacity,
                accepted=self._accepted,
                refused=self._refused,
                successful=self._ended[Status.SUCCESSFUL],
                failed=self._ended[Status.FAILED],
                cancelled=self._ended[Status.CANCELLED],
                oldest_wait_seconds=self._oldest_wait_seconds(),
                loop_lag_seconds=loop_lag_seconds,
                stuck=stuck,
                owners=self.memory.owner_count(),
                kept_bytes=self.memory.bytes,
                is_paused=scheduler.is_paused,
            )

    def _oldest_wait_seconds(self) -> float:
        for operation in self._unfinished.values():
            if operation.status is Status.READY and not operation.attempt:
                return max(0.0, self._monotonic() - operation.submitted_monotonic)
        return 0.0

    def check(self) -> None:
        """Raise AssertionError unless all of this agrees with itself; for tests."""
        with self._lock:
            left, scheduler = [*self._unfinished.values()], self._scheduler
            running = [one for one in left if one.status is Status.RUNNING]
            waiting = [one for one in left if one.status is Status.READY]
            retrying = [one for one in waiting if one.attempt]
            assert len(left) == len(running) + len(waiting)
            assert scheduler.running == len(running)
            assert scheduler.retrying == len(retrying)
            assert scheduler.waiting == len(waiting) - len(retrying)
            assert self._accepted == len(left) + sum(self._ended.values())
            assert self._plain == sum(not one.task.is_async for one in left)
            self.memory.check(left)
