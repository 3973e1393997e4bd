"""What a running body can ask and report."""

from __future__ import annotations

from collections.abc import Hashable
from contextvars import ContextVar
from typing import Any

from .operation import Operation
from .signal import Signal
from .signals import SignalHub
from .values import Progress


class OperationContext:
    """What a running body may ask and report about its own operation.

    Belongs to one attempt. The fields are read-only; ``progress`` may be called as
    often as the body likes.
    """

    __slots__ = ("_attempt", "_key", "_operation", "_operation_id")

    def __init__(self, operation: Operation[Any, Any]) -> None:
        self._operation_id = operation.id
        self._key = operation.key
        self._attempt = operation.attempt
        self._operation: Operation[Any, Any] | None = operation
        """None once the attempt has ended: a timer or a task that the body left on
        the loop refers to this object and must keep no content alive."""

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
        if self._operation is not None:
            self._operation.report(Progress.of(done, total, message))

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

    def detach(self) -> None:
        """Refer to the operation no more; for the coordinator, at the attempt's end."""
        self._operation = None


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


def progress(done: float, total: float | None = None, message: str = "") -> None:
    """Report how far the running body is; outside an operation this does nothing.

    Args:
        done: Units done so far, a finite number.
        total: Units in all, if known, a finite number.
        message: A few words for people, such as ``"paragraph 3"``; what is over 500
            characters is cut.

    Raises:
        OperationCancelled: In a plain function of the pool that should end.
        TypeError, ValueError: ``done`` or ``total`` is no finite number.
    """
    context = CURRENT.get()
    if context is not None:
        context.progress(done, total, message)
