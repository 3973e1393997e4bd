"""What a body of the pool may do with its own operation."""

from __future__ import annotations

from typing import cast

from ..core.context import OperationContext
from ..core.errors import OperationCancelled
from .operation import PoolOperation
from .task_result import OperationTaskContext


class PoolContext(OperationContext):
    """The context of one of the pool's operations."""

    __slots__ = ()

    @property
    def operation(self) -> PoolOperation:
        """The operation, for the pool alone."""
        return cast("PoolOperation", self._operation)

    def task_context(self) -> OperationTaskContext:
        """Return the first argument of a task that takes the context."""
        return OperationTaskContext(
            task_result=self.operation.task_result(), operation=self
        )

    def whole_output(self) -> str:
        """Return all that was written; it is kept as this one object."""
        buffer = self.operation.buffer
        return "" if buffer is None else buffer.whole()


class PlainContext(PoolContext):
    """The context of an operation whose body runs in a thread.

    A thread cannot be stopped, so ``progress`` and ``write`` raise once the body should
    end.
    """

    __slots__ = ()

    def progress(
        self, done: float, total: float | None = None, message: str = ""
    ) -> None:
        """Report how far the body is.

        Raises:
            OperationCancelled: It was cancelled or timed out.
            TypeError, ValueError: ``done`` or ``total`` is no finite number.
        """
        self._raise_if_end_requested()
        PoolContext.progress(self, done, total, message)

    def write(self, text: str) -> None:
        """Append a text to the operation's output.

        Raises:
            OperationCancelled: It was cancelled or timed out.
            ResultTooLarge: The output may grow no more.
            TypeError: It is no text.
        """
        self._raise_if_end_requested()
        PoolContext.write(self, text)

    def _raise_if_end_requested(self) -> None:
        operation = self._operation
        if operation is not None and operation.is_end_requested:
            raise OperationCancelled(self.id)
