"""An operation as its owner sees it, in words and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.utils import formats
from django.utils.translation import gettext, pgettext_lazy

from . import time_left
from .core.status import Status
from .core.values import Progress, Share

if TYPE_CHECKING:
    from django.forms import BaseForm

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
class RowQuestion:
    """What a running body asks its owner."""

    number: int
    """Names it in an answer; from 1, the newest is the highest."""

    text: str
    """A sentence, at most 500 characters long."""

    choices: tuple[str, ...] | None
    """The possible answers; None where the answer is a form."""

    form: type[BaseForm] | None
    """The form class to render instead; not in JSON."""

    asked_at: datetime
    """When it was asked, UTC."""

    def as_json(self) -> dict[str, Any]:
        """Return the question as JSON can hold it."""
        return {
            "number": self.number,
            "text": self.text,
            "choices": None if self.choices is None else list(self.choices),
            "asked_at": _iso(self.asked_at),
        }


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

    cancelled_at: datetime | None
    """When it was cancelled while its body ran, UTC; None for all others."""

    is_plain: bool
    """True for a plain body, which stops at its next step only."""

    submitted_at: datetime
    """When it was submitted, UTC."""

    started_at: datetime | None
    """When its first attempt started, UTC."""

    finished_at: datetime | None
    """When it ended, UTC."""

    expires_at: datetime = field(compare=False)
    """When it is forgotten, by age or, unless the window is used again, by idleness."""

    kept_until: datetime | None
    """The end of its age, UTC, where that is near; looking does not put it off."""

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

    eta_seconds: float | None = field(compare=False)
    """Seconds until its end; None when that is unsure."""

    shown_eta_seconds: int | None
    """The same as pages show it: rounded, and it rises by large steps only."""

    error: RowError | None
    """None unless it failed."""

    actions: tuple[str, ...]
    """What its owner may do now, among cancel, dismiss, retry, again, result, answer
    and output."""

    is_file: bool = False
    """True when its result is a file to download."""

    has_form: bool = False
    """True when its task has a form, which ``again`` fills."""

    output_size: int = 0
    """Characters that its newest attempt has written."""

    question: RowQuestion | None = None
    """What its body asks now."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by place; what dataclasses do takes four times as long."""
        return _restore, _VALUES(self)

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
            "eta_seconds": self.eta_seconds,
            "output_size": self.output_size,
            "question": None if self.question is None else self.question.as_json(),
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
    def stopping_seconds(self) -> float | None:
        """How long its body went on after it was cancelled; None unless it did."""
        if self.cancelled_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.cancelled_at).total_seconds()

    @property
    def eta_text(self) -> str:
        """The time until its end in words, "about 2 minutes left", or nothing."""
        seconds = self.shown_eta_seconds
        return "" if seconds is None else time_left.in_words(seconds)

    @property
    def progress_text(self) -> str:
        """The progress in words: its message, else "3 of 12", else nothing."""
        if self.progress is None:
            return ""
        if self.progress.message:
            return str(self.progress.message)
        if isinstance(self.progress, Share):  # the bar says as much
            return ""
        done = _in_words(self.progress.done)
        if self.progress.total is None:
            return done
        total = _in_words(self.progress.total)
        return gettext("%(done)s of %(total)s") % {"done": done, "total": total}


def _in_words(number: float) -> str:
    """Return a number as the language writes it; 0.1 + 0.2 is 0.3 and 2.0 is 2."""
    rounded = round(number, 2)
    is_whole = math.isfinite(rounded) and rounded == int(rounded)
    return formats.number_format(int(rounded) if is_whole else rounded)


_NAMES = tuple([one.name for one in fields(Row)])
_VALUES = attrgetter(*_NAMES)


def _restore(*values: Any) -> Row:
    row = object.__new__(Row)
    for name, value in zip(_NAMES, values, strict=True):
        object.__setattr__(row, name, value)
    return row


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat()
