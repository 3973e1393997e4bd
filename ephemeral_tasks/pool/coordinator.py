"""The coordinator that the pool hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import signals
from ..core.context import OperationContext
from ..core.keyed import KeyedCoordinator
from ..core.operation import Operation
from ..core.status import Status
from ..errors import ResultTooLarge
from .body import PlainContext, PoolContext, run
from .operation import PoolOperation
from .threads import uncarry

if TYPE_CHECKING:
    from .pool import Pool

_NO_LIMIT = 2**31


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
        if delay > 0:
            operation.timer = self._clock.call_later(delay, self._due_first, operation)
            self._deferred[operation.id] = operation
        else:
            self.admit(operation)

    def _due_first(self, operation: PoolOperation) -> None:
        """Admit an operation whose time has come, or which was told to end."""
        if self._deferred.pop(operation.id, None) is not None:
            operation.timer = None
            with self._pool.kept.lock:
                self._pool.room.due(operation)
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
            self._pool.watchdog.told_to_end(operation)

    def _claim(self, operation: Any) -> bool:
        with self._pool.kept.lock:
            if operation.is_cancelling:
                return False
            self._pool.room.start(operation)
            super()._claim(operation)
            is_first = operation.attempt == 1
            now = operation.started_time if is_first else self._clock.time()
            operation.attempted_time = now
            return True

    def _context_of(self, operation: Operation[Any, Any]) -> OperationContext:
        is_async = operation.item.task.is_async
        return PoolContext(operation) if is_async else PlainContext(operation)

    def _delay_after(self, operation: Any, error: BaseException) -> float | None:
        error = uncarry(error)
        operation.attempt_failed(error)
        if isinstance(error, ResultTooLarge):
            return None
        return super()._delay_after(operation, error)

    def _time_out(self, operation: Any) -> None:
        super()._time_out(operation)
        if operation.is_timed_out:
            self._pool.watchdog.told_to_end(operation)

    def _finish(
        self,
        operation: Any,
        status: Status,
        *,
        value: Any = None,
        error: BaseException | None = None,
    ) -> None:
        with self._pool.kept.lock:
            operation.is_ending = True
            if operation.is_cancelling:  # asked for while the attempt ended
                status, value, error = Status.CANCELLED, None, None
        error = None if error is None else uncarry(error)
        super()._finish(operation, status, value=value, error=error)

    def _stepped(self, operation: Any) -> None:
        if operation.status is Status.RUNNING:
            self._pool.watchdog.wake()
        else:
            self._rested(operation)
        operation.announce(self._pool)

    def _rested(self, operation: PoolOperation) -> None:
        """Hear that no attempt runs: it waits, at first or again, or it has ended."""
        with self._pool.kept.lock:
            self._pool.room.stop(operation)
            if operation.is_finished and not operation.task.is_async:
                self._pool.plain -= 1
        if operation.attempt:
            self._pool.watchdog.ended(operation.id)
        if operation.is_finished:
            self._pool.finished(operation)

    def progressed(self, operation: Any) -> None:
        """Announce progress once, until somebody looks; from any thread."""
        if not operation.is_announced:
            operation.is_announced = True
            if operation.owner is not None:
                signals.send_changed(operation.owner)

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
        if operation.host is None:  # in the inbox, behind all that wait
            arriving = self._pool.accepted - self._accepted
            return len(self._queue) + max(1, arriving)
        return self._queue.position(operation)


def _no_key(item: Any) -> None:
    raise NotImplementedError("the pool makes its operations itself")
