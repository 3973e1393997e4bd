"""What an operation needs of its waiters, its coordinator and its attempt."""

from __future__ import annotations

from typing import Any, Protocol

from .output import OutputBuffer
from .signals import SignalHub


class Waiter(Protocol):
    """Two methods of a future: what an operation needs of its waiters."""

    def done(self) -> bool:
        """Return whether it no longer waits."""

    def set_result(self, result: None, /) -> None:
        """Wake it."""


class Host(Protocol):
    """What an operation needs of the coordinator that runs it."""

    hub: SignalHub | None
    """Where its bodies' signals go."""

    def cancel_operation(self, operation: Any) -> bool:
        """Cancel an operation; False when it had finished."""

    def on_progress(self, operation: Any) -> None:
        """Called on progress, output and a cancel request; the status is the same."""

    def open_output(self, operation: Any) -> OutputBuffer:
        """Return the operation's buffer, made at the first call; from any thread."""

    def extend_output(self, operation: Any, size: int) -> None:
        """Allow the buffer at least ``size`` characters, or raise."""

    def check_loop(self) -> None:
        """Raise RuntimeError when the caller is not on the coordinator's loop."""


class AttemptContext(Protocol):
    """What an operation needs of its running attempt's context."""

    def detach(self) -> None:
        """Refer to the operation no more."""
