"""An operation of a named coordinator, as its submitter sees it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic

from ..core import Operation, Snapshot, Status
from ..core.errors import NotFinished
from ..core.operation import Item, Value
from ..core.output import Output
from .pool import Pool
from .waiters import wait, wait_in_thread


class HostedOperation(Generic[Item, Value]):
    """An operation of a hosted coordinator, for any thread and any loop."""

    __slots__ = ("_operation", "_pool")

    def __init__(self, pool: Pool, operation: Operation[Item, Value]) -> None:
        self._pool = pool
        self._operation = operation

    @property
    def id(self) -> str:
        """The operation's id."""
        return self._operation.id

    @property
    def status(self) -> Status:
        """The operation's state at this instant."""
        return self.snapshot().status

    def snapshot(self) -> Snapshot:
        """Return a frozen picture."""
        return self._operation.snapshot()

    def cancel(self) -> bool:
        """Ask it to end CANCELLED, soon; False when it had finished."""
        if self._operation.is_finished:
            return False
        self._pool.loop.post(self._operation.cancel)
        return True

    def result(self, timeout: float | None = None) -> Value:
        """Wait for the end, in a thread, and return the value or raise the error.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            NotFinished: It has not finished after ``timeout`` seconds.
            OperationCancelled: It was cancelled.
            RuntimeError: Called on the pool's own loop, which would wait for itself.
        """
        if not self._operation.is_finished:
            if self._pool.loop.is_current():
                raise RuntimeError(
                    "result() would block the pool's own loop; await the operation"
                )
            if not wait_in_thread(self._pool.loop, self._operation, timeout):
                raise NotFinished(self.id)
        return self._operation.outcome()

    def output(self, start: int = 0, attempt: int | None = None) -> Output:
        """Return what its body has written from ``start`` on."""
        return self._operation.output_nowait(start, attempt)

    async def aoutput(self, start: int = 0, attempt: int | None = None) -> Output:
        """Wait, on the caller's loop, for more, another attempt or the end."""
        return await self._operation.output(start, attempt)

    def __await__(self) -> Generator[Any, None, Value]:
        if not self._operation.is_finished:
            yield from wait(self._pool.loop, self._operation).__await__()
        return self._operation.outcome()
