"""What the core can refuse or report.

::

    EphemeralTasksError
    ├── BreakerOpen
    ├── Closed
    ├── NotFinished
    ├── OperationCancelled
    ├── QueueFull
    ├── SignalLoop
    ├── UnknownCoordinator
    └── UnknownOperation
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class EphemeralTasksError(Exception):
    """Base of every error that this package raises on purpose.

    Each can be pickled and copied with its message and its fields.
    """

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Return how to make it again; its ``__init__`` would make another message."""
        return _make_again, (type(self), self.args, self.__dict__)


class BreakerOpen(EphemeralTasksError):
    """A breaker lets no body run: what it calls has failed several times."""

    def __init__(self, *, retry_after_seconds: float) -> None:
        super().__init__("the breaker is open: too much has failed")
        self.retry_after_seconds = retry_after_seconds
        """When the next trial may run, in seconds."""


class Closed(EphemeralTasksError):
    """Nothing more is accepted: the coordinator or the pool is ending."""

    def __init__(
        self,
        message: str = "closed: no more operations are accepted",
        *,
        retry_after_seconds: float = 5.0,
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        """When a restarted process may accept again; a guess, in seconds."""


class QueueFull(EphemeralTasksError):
    """As many operations wait as may wait; nothing was changed."""

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float = 5.0,
        reason: str = "capacity",
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        """When a place may be free again; a guess, in seconds."""
        self.reason = reason
        """The name of the bound that is reached; in a Django process a setting."""


class NotFinished(EphemeralTasksError):
    """The operation has no outcome yet."""

    def __init__(self, id: str) -> None:
        super().__init__(f"operation {id} has not finished")
        self.id = id


class OperationCancelled(EphemeralTasksError):
    """The operation was cancelled and has no value."""

    def __init__(self, id: str) -> None:
        super().__init__(f"operation {id} was cancelled")
        self.id = id


class SignalLoop(EphemeralTasksError):
    """Listeners emit signals that lead back to themselves, or too many in a row."""

    def __init__(self, path: Iterable[str]) -> None:
        self.path = tuple(path)
        """The names of the signals, the first one first, the refused one last."""
        super().__init__(f"signal loop: {' → '.join(self.path)}")


class UnknownOperation(EphemeralTasksError):
    """No operation has this id here, or it was forgotten."""

    def __init__(self, id: str) -> None:
        super().__init__(f"no operation {id!r} is known here")
        self.id = id


class UnknownCoordinator(EphemeralTasksError):
    """No coordinator was declared under this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        """The declared names, sorted."""
        names = ", ".join(self.known) or "none"
        super().__init__(f"no coordinator named {name!r}; known: {names}")


def _make_again(
    kind: type[EphemeralTasksError], args: tuple[Any, ...], fields: dict[str, Any]
) -> EphemeralTasksError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error
