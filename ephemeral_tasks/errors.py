"""What the Django layer can refuse or report; the core's errors are among them.

::

    EphemeralTasksError
    ├── ClientFull
    ├── Closed                 (core)
    ├── Conflict
    ├── InvalidAnswer
    ├── NotAnswered
    ├── NotFinished            (core)
    ├── OperationCancelled     (core)
    ├── OperationFailed
    ├── QueueFull              (core)
    ├── TaskFailed
    │   ├── ResultTooLarge
    │   └── ResultUnfit
    ├── UnknownCoordinator     (core)
    ├── UnknownOperation       (core)
    ├── UnknownTask
    ├── Unreachable
    └── WindowFull
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .core.errors import (
    Closed,
    EphemeralTasksError,
    NotFinished,
    OperationCancelled,
    QueueFull,
    UnknownCoordinator,
    UnknownOperation,
)

if TYPE_CHECKING:
    from django.forms import BaseForm

__all__ = [
    "ClientFull",
    "Closed",
    "Conflict",
    "EphemeralTasksError",
    "InvalidAnswer",
    "NotAnswered",
    "NotFinished",
    "OperationCancelled",
    "OperationFailed",
    "QueueFull",
    "ResultTooLarge",
    "ResultUnfit",
    "TaskFailed",
    "UnknownCoordinator",
    "UnknownOperation",
    "UnknownTask",
    "Unreachable",
    "WindowFull",
]


class ClientFull(EphemeralTasksError):
    """As many operations of one client wait or ask as may; nothing was changed."""

    def __init__(self, bound: int, *, retry_after_seconds: float = 5.0) -> None:
        super().__init__(
            f"{bound} operations of this client wait or ask, "
            f"MAX_WAITING_PER_CLIENT is {bound}"
        )
        self.retry_after_seconds = retry_after_seconds
        """When a place may be free again; a guess, in seconds."""
        self.reason = "MAX_WAITING_PER_CLIENT"
        """The setting whose bound is reached."""


class Conflict(EphemeralTasksError):
    """The operation's state does not allow this; nothing was changed."""

    def __init__(self, action: str, id: str, status: str) -> None:
        super().__init__(f"cannot {action} operation {id}: it is {status}")
        self.action = action
        """``"again"``, ``"answer"``, ``"cancel"``, ``"dismiss"`` or ``"retry"``."""
        self.id = id
        self.status = status


class InvalidAnswer(EphemeralTasksError):
    """The answer is none of the choices, or the form refused it."""

    def __init__(
        self, fields: Mapping[str, list[str]], form: BaseForm | None = None
    ) -> None:
        super().__init__(f"invalid answer: {', '.join(fields)}")
        self.fields = fields
        """Messages in the active language by field, ``answer`` for a choice."""
        self.form = form
        """The bound form, where the question has one."""


class NotAnswered(EphemeralTasksError):
    """A question of the body had no answer in its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the question had no answer in {seconds:g} s")
        self.seconds = seconds
        """How long it was open."""


class OperationFailed(EphemeralTasksError):
    """The operation ended with an error; holds nothing of that error but a sentence."""

    def __init__(self, message: str, reference: str) -> None:
        super().__init__(message)
        self.message = message
        """A sentence that its owner may read."""
        self.reference = reference
        """The first eight characters of the id, which the log line carries, too."""


class TaskFailed(EphemeralTasksError):
    """Raised by a body, to fail with a sentence that the owner may read."""

    def __init__(self, message: object) -> None:
        super().__init__(message)
        self.message = message
        """The sentence; a lazy translation is translated when it is read."""


class ResultTooLarge(TaskFailed):
    """The body returned or wrote more than may be kept; it is not tried again."""


class ResultUnfit(TaskFailed):
    """The body returned what no other process could fetch; it is not tried again."""


class UnknownTask(EphemeralTasksError):
    """No task has this name, or it is not for this visitor."""

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        names = ", ".join(sorted(known)) or "none"
        super().__init__(f"no task named {name!r}; known: {names}")
        self.name = name


class Unreachable(EphemeralTasksError):
    """The process that hosts the machine's pool did not answer in time.

    Or no process can host. What was asked for was not done, and never will be.
    """

    def __init__(
        self,
        message: str = "the process that hosts the pool does not answer",
        *,
        retry_after_seconds: float = 1.0,
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        """When it may answer again; a guess, in seconds."""


class WindowFull(EphemeralTasksError):
    """All operations of the window are unfinished, and none may be pushed out."""

    def __init__(self, size: int, *, retry_after_seconds: float = 5.0) -> None:
        super().__init__(f"all {size} operations of the window are unfinished")
        self.retry_after_seconds = retry_after_seconds
        """When one may have finished; a guess, in seconds."""
