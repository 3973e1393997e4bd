"""What a running body can ask and report."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from contextvars import ContextVar
from typing import Any

from .operation import Operation
from .parts import Whole
from .signal import Signal
from .signals import SignalHub
from .values import Progress

_making = threading.Lock()
"""Held while a context makes its ``Whole``; no other lock is taken under it."""


class OperationContext:
    """What a running body may ask and report about its own operation.

    Belongs to one attempt. The fields are read-only; ``progress`` may be called as
    often as the body likes.
    """

    __slots__ = ("_attempt", "_key", "_operation", "_operation_id", "_whole")

    def __init__(self, operation: Operation[Any, Any]) -> None:
        self._operation_id = operation.id
        self._key = operation.key
        self._attempt = operation.attempt
        self._operation: Operation[Any, Any] | None = operation
        """None once the attempt has ended: a timer or a task that the body left on
        the loop refers to this object and must keep no content alive."""
        self._whole: Whole | None = None
        """What the body's parts add up to; None while it has used none."""

    @property
    def id(self) -> str:
        """The operation's id."""
        return self._operation_id

    @property
    def key(self) -> Hashable:
        """The operation's key; None where the coordinator has none."""
        return self._key

    @property
    def attempt(self) -> int:
        """The number of this attempt, from 1."""
        return self._attempt

    @property
    def outer(self) -> OperationContext | None:
        """The context of the operation that runs the loop; None outside loops."""
        return None

    @property
    def is_cancelled(self) -> bool:
        """True once the attempt should end, by ``cancel`` or by its time-out.

        Tasks that the body left running see True after the attempt's end, too.
        """
        operation = self._operation
        return operation is None or operation.is_end_requested

    def progress(
        self, done: float, total: float | None = None, message: str = ""
    ) -> None:
        """Report how far the body is; the next snapshot shows it.

        Raises:
            TypeError, ValueError: ``done`` or ``total`` is no finite number.
        """
        operation = self._operation
        if operation is not None:
            report = Progress.of(done, total, message)
            if self._whole is None:
                operation.report(report)
            else:
                self._whole.report(operation, report)

    def whole(self) -> Whole | None:
        """Return what the body's parts add up to; made at the first call.

        None where no operation shows it.
        """
        with _making:  # two threads of a body may be in their first parts at once
            if self._whole is None:
                self._whole = Whole()
            return self._whole

    @property
    def is_timed_out(self) -> bool:
        """True once the attempt took longer than its time-out."""
        return self._operation is not None and self._operation.is_timed_out

    @property
    def hub(self) -> SignalHub | None:
        """Where ``emit`` goes; None where the coordinator has no hub."""
        operation = self._operation
        host = None if operation is None else operation.host
        return None if host is None else host.hub

    def emit(self, name: str, key: Hashable = None) -> Signal | None:
        """Emit a signal at the coordinator's hub; without one this does nothing.

        In a loop it goes to the hub of the operation that runs the loop.
        """
        hub = self.hub
        return None if hub is None else hub.emit(name, key, operation_id=self.id)

    def write(self, text: str) -> None:
        """Append a text to the operation's output; from any thread of the body's.

        Raises:
            TypeError: It is no text.
        """
        if self._operation is not None:
            self._operation.write(self._attempt, text)

    def detach(self) -> None:
        """Refer to the operation no more; for the coordinator, at the attempt's end."""
        self._operation = None


class PartContext(OperationContext):
    """The context of one body of a loop, whose output is the whole loop's."""

    __slots__ = ("_outer",)

    def __init__(
        self, operation: Operation[Any, Any], outer: OperationContext | None
    ) -> None:
        super().__init__(operation)
        self._outer = outer
        """Of the operation that runs the loop, if there is one."""

    @property
    def outer(self) -> OperationContext | None:
        """The context of the operation that runs the loop."""
        return self._outer

    def whole(self) -> Whole | None:
        """Return that of the operation that runs the loop, if there is one."""
        return None if self._outer is None else self._outer.whole()

    def write(self, text: str) -> None:
        """Append a text to the output of the operation that runs the loop."""
        if self._outer is not None and self._operation is not None:
            self._outer.write(text)


CURRENT: ContextVar[OperationContext | None] = ContextVar(
    "ephemeral_tasks_current_operation", default=None
)


def current_operation() -> OperationContext:
    """Return the context of the operation whose body is running here.

    Raises:
        RuntimeError: No body is running in this context.
    """
    context = CURRENT.get()
    if context is None:
        raise RuntimeError(
            "current_operation() must be called inside the body of an operation"
        )
    return context


def write(text: str) -> None:
    """Append a text to the running body's output; outside an operation do nothing.

    Args:
        text: Seen by the operation's owner while the body runs, after what was written
            before. What UTF-8 cannot express is replaced by question marks.

    Raises:
        OperationCancelled: In a plain function of the pool that should end.
        TypeError: It is no text.
    """
    context = CURRENT.get()
    if context is not None:
        context.write(text)
