"""Rows: what an owner sees of an operation, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils import formats
from django.utils.translation import gettext, pgettext_lazy

from . import windows
from .core.clock import Clock, monotonic_of
from .core.snapshot import to_datetime
from .core.status import Status
from .core.values import Progress
from .pool.operation import PoolOperation
from .result_file import ResultFile
from .windows import Handle

_WORDS = {
    Status.READY: pgettext_lazy("operation", "Waiting"),
    Status.RUNNING: pgettext_lazy("operation", "Running"),
    Status.SUCCESSFUL: pgettext_lazy("operation", "Done"),
    Status.FAILED: pgettext_lazy("operation", "Failed"),
    Status.CANCELLED: pgettext_lazy("operation", "Cancelled"),
}
_STOPPING = pgettext_lazy("operation", "Stopping…")
_BETWEEN_ATTEMPTS = pgettext_lazy("operation", "Trying again soon")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """What an owner may know of a failure."""

    message: str
    """A sentence in the active language."""

    reference: str
    """The first eight characters of the id, as in the log line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One operation as its owner sees it, without content."""

    id: str
    """The operation's id."""

    task: str
    """The task's name."""

    label: str
    """What the operation is called."""

    shown: Mapping[str, Any]
    """The arguments that the task names as harmless."""

    status: Status
    """The operation's state at this instant."""

    is_finished: bool
    """True once the status can no longer change."""

    is_cancelling: bool
    """True while a cancelled body has not ended."""

    submitted_at: datetime
    """When it was submitted, UTC."""

    started_at: datetime | None
    """When its first attempt started, UTC."""

    finished_at: datetime | None
    """When it ended, UTC."""

    expires_at: datetime = field(compare=False)
    """When it is forgotten, by age or, unless the window is used again, by idleness."""

    elapsed_seconds: float = field(compare=False)
    """From the first start to the end or now; 0 while it has not started."""

    attempt: int
    """The newest attempt, from 1; 0 while it has not started."""

    max_attempts: int
    """How often it is tried at most."""

    progress: Progress | None
    """What its body reported last."""

    position: int | None
    """Its place among waiting ones, from 1; None unless it waits."""

    error: RowError | None
    """None unless it failed."""

    actions: tuple[str, ...]
    """What its owner may do now, among cancel, dismiss, retry, again and result."""

    is_file: bool = False
    """True when its result is a file to download."""

    has_form: bool = False
    """True when its task has a form, which ``again`` fills."""

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON can hold it; instants in ISO 8601, UTC."""
        return {
            "id": self.id,
            "task": self.task,
            "label": self.label,
            "shown": dict(self.shown),
            "status": str(self.status),
            "is_finished": self.is_finished,
            "is_cancelling": self.is_cancelling,
            "submitted_at": _iso(self.submitted_at),
            "started_at": _iso(self.started_at),
            "finished_at": _iso(self.finished_at),
            "expires_at": _iso(self.expires_at),
            "elapsed_seconds": self.elapsed_seconds,
            "attempt": self.attempt,
            "max_attempts": self.max_attempts,
            "progress": None if self.progress is None else self.progress._asdict(),
            "position": self.position,
            "error": None
            if self.error is None
            else {"message": self.error.message, "reference": self.error.reference},
            "actions": list(self.actions),
        }

    @property
    def status_text(self) -> str:
        """The state in a word of the active language."""
        if self.is_between_attempts:
            return str(_BETWEEN_ATTEMPTS)
        return str(_STOPPING if self.is_cancelling else _WORDS[self.status])

    @property
    def is_between_attempts(self) -> bool:
        """Whether an attempt failed and the next one has not started."""
        is_waiting = self.status is Status.READY and not self.is_cancelling
        return is_waiting and self.attempt > 0

    @property
    def next_attempt(self) -> int:
        """The attempt that runs or, between two, that comes."""
        return self.attempt + self.is_between_attempts

    @property
    def css_state(self) -> str:
        """The state as the end of a class name."""
        return "cancelling" if self.is_cancelling else self.status.lower()

    @property
    def percent(self) -> int | None:
        """The progress from 0 to 100; None when it has no total."""
        if self.progress is None or not self.progress.total:
            return None
        share = self.progress.done / self.progress.total
        return round(100 * min(1.0, max(0.0, share)))

    @property
    def progress_text(self) -> str:
        """The progress in words: its message, else "3 of 12", else nothing."""
        if self.progress is None:
            return ""
        if self.progress.message:
            return str(self.progress.message)
        done = _in_words(self.progress.done)
        if self.progress.total is None:
            return done
        total = _in_words(self.progress.total)
        return gettext("%(done)s of %(total)s") % {"done": done, "total": total}


def _in_words(number: float) -> str:
    """Return a number as the language writes it; 0.1 + 0.2 is 0.3 for people."""
    return formats.number_format(round(number, 2))


def project(
    handle: Handle,
    operation: PoolOperation,
    *,
    used_monotonic: float,
    clock: Clock,
    position: int | None,
) -> Row:
    """Return the row of an operation; from any thread."""
    operation.is_announced = False  # first: progress after it is announced
    was_cancelling = operation.is_cancelling
    facts = operation.facts()
    status = facts.status
    task = operation.task
    is_cancelling = was_cancelling and not status.is_finished
    expires_time = clock.time() + windows.seconds_left(handle, used_monotonic)
    return Row(
        id=handle.id,
        task=handle.task,
        label=handle.label,
        shown=handle.shown,
        status=status,
        is_finished=status.is_finished,
        is_cancelling=is_cancelling,
        submitted_at=handle.submitted_at,
        started_at=_to_datetime(facts.started_time),
        finished_at=_to_datetime(facts.finished_time),
        expires_at=to_datetime(expires_time),
        elapsed_seconds=operation.elapsed_seconds(monotonic_of(clock)()),
        attempt=facts.attempt,
        max_attempts=task.max_attempts,
        progress=facts.progress,
        position=position if status is Status.READY else None,
        error=_error(operation) if status is Status.FAILED else None,
        actions=list_actions(
            status,
            is_cancelling=is_cancelling,
            is_cancellable=task.cancellable,
            has_input=task.form is not None and operation.item is not None,
        ),
        has_form=task.form is not None,
        is_file=isinstance(operation.value, ResultFile),
    )


def list_actions(
    status: Status,
    *,
    is_cancelling: bool,
    is_cancellable: bool,
    has_input: bool = False,
) -> tuple[str, ...]:
    """Return what an owner may do with an operation in this state.

    Args:
        status: Of the operation.
        is_cancelling: Whether its body is being ended.
        is_cancellable: Whether its task may be cancelled while it runs.
        has_input: Whether its task has a form, and its arguments are held.
    """
    if status is Status.READY:
        return ("cancel",)
    if status is Status.RUNNING:
        return ("cancel",) if is_cancellable and not is_cancelling else ()
    again = ("again",) if has_input else ()
    if status is Status.SUCCESSFUL:
        return ("result", *again, "dismiss")
    return ("retry", *again, "dismiss")


def _error(operation: PoolOperation) -> RowError:
    return RowError(message=operation.sentence(), reference=operation.reference)


def _to_datetime(seconds: float | None) -> datetime | None:
    return None if seconds is None else to_datetime(seconds)


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat()
