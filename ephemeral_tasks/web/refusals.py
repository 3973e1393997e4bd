"""What was refused, as a code, an HTTP status and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext, ngettext

from .. import submission
from ..errors import (
    ClientFull,
    Closed,
    Conflict,
    EphemeralTasksError,
    InvalidAnswer,
    NotFinished,
    OperationCancelled,
    OperationFailed,
    QueueFull,
    UnknownOperation,
    UnknownTask,
    Unreachable,
    WindowFull,
)
from ..row import Row

if TYPE_CHECKING:
    from django.forms import BaseForm


class InvalidInput(EphemeralTasksError):
    """The form refused the input, or it was no form and no JSON object."""

    def __init__(self, message: str, form: BaseForm | None = None) -> None:
        super().__init__(message)
        self.form = form
        """The bound form, None when the input never came that far."""


class TooLarge(EphemeralTasksError):
    """The body is larger than ``MAX_INPUT_BYTES``."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"input must be at most {limit} bytes")
        self.limit = limit


class NotSerializable(EphemeralTasksError):
    """JSON cannot express the result."""

    def __init__(self, id: str) -> None:
        super().__init__(f"the result of operation {id} cannot be expressed as JSON")
        self.id = id


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error in words for the client."""

    code: str
    """As programs know it; the table is in the docs."""
    status: int
    """Of HTTP."""
    message: str
    """A sentence for people, in the active language."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else the code carries, ready for JSON."""
    retry_after_seconds: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the object that programs get."""
        return {"code": self.code, "message": self.message, **self.details}


_CODES: Mapping[type[EphemeralTasksError], tuple[str, int]] = {
    InvalidInput: ("invalid_input", 400),
    InvalidAnswer: ("invalid_input", 400),
    UnknownTask: ("unknown_task", 404),
    UnknownOperation: ("unknown_operation", 404),
    NotSerializable: ("not_serializable", 406),
    NotFinished: ("not_finished", 409),
    OperationFailed: ("failed", 409),
    OperationCancelled: ("cancelled", 409),
    Conflict: ("conflict", 409),
    TooLarge: ("too_large", 413),
    WindowFull: ("window_full", 429),
    ClientFull: ("client_full", 429),
    QueueFull: ("queue_full", 503),
    Closed: ("closed", 503),
    Unreachable: ("unreachable", 503),
}


async def arefusal_of(
    error: EphemeralTasksError, owner: str | None, id: str | None
) -> Refusal:
    """Put an error into words, with the row of the operation where it is about one.

    Args:
        error: An error that a visitor can cause; any other is raised again.
        owner: The operation's owner; None without one.
        id: The operation that was asked for; None without one.
    """
    row = None
    if is_about_row(error) and owner is not None and id is not None:
        with suppress(UnknownOperation, Unreachable):
            row = await submission.arow(owner, id)
    return refusal_of(error, row)


def is_about_row(error: EphemeralTasksError) -> bool:
    """Return whether the state of an operation is what refused."""
    return _CODES[_kind_of(error)][1] == 409


def refusal_of(error: EphemeralTasksError, row: Row | None = None) -> Refusal:
    """Put an error into words.

    Args:
        error: An error that a visitor can cause; any other is raised again.
        row: The operation that it is about.
    """
    code, status = _CODES[_kind_of(error)]
    retry_after = getattr(error, "retry_after_seconds", None)
    details = dict(_details_of(error))
    if row is not None:
        details["operation"] = row.as_json()
    if retry_after is not None:
        details["retry_after_seconds"] = max(1, ceil(retry_after))
    return Refusal(
        code=code,
        status=status,
        message=_describe(error),
        details=details,
        retry_after_seconds=details.get("retry_after_seconds"),
    )


def _kind_of(error: EphemeralTasksError) -> type[EphemeralTasksError]:
    for kind in _CODES:
        if isinstance(error, kind):
            return kind
    raise error


def _details_of(error: EphemeralTasksError) -> Mapping[str, Any]:
    if isinstance(error, InvalidInput) and error.form is not None:
        fields = error.form.errors.get_json_data()
        return {
            "fields": {
                name: [str(one["message"]) for one in found]
                for name, found in fields.items()
            }
        }
    if isinstance(error, InvalidInput):
        return {"fields": {}}
    if isinstance(error, InvalidAnswer):
        return {"fields": error.fields}
    if isinstance(error, TooLarge):
        return {"limit_bytes": error.limit}
    return {}


def _describe(error: EphemeralTasksError) -> str:
    if isinstance(error, InvalidInput):
        return _describe_invalid(error)
    if isinstance(error, InvalidAnswer):
        return " ".join(text for texts in error.fields.values() for text in texts)
    if isinstance(error, OperationFailed):
        return str(error.message)
    if isinstance(error, Conflict):
        return _describe_conflict(error.action)
    if isinstance(error, TooLarge):
        return _describe_too_large(error.limit)
    return {
        UnknownTask: gettext("There is no such task."),
        UnknownOperation: gettext("This operation is gone, or it is not yours."),
        NotSerializable: gettext("This result cannot be expressed as JSON."),
        NotFinished: gettext("This operation has not finished yet."),
        OperationCancelled: gettext("This operation was cancelled."),
        WindowFull: gettext(
            "All your operations are unfinished. Wait for one, or cancel one."
        ),
        ClientFull: gettext(
            "Too many operations from your account or network are waiting. "
            "Try again in a moment."
        ),
        QueueFull: gettext("The server is busy right now. Try again in a moment."),
        Closed: gettext("The server is restarting. Try again in a moment."),
        Unreachable: gettext("The server does not answer. Try again in a moment."),
    }[_kind_of(error)]


def _describe_invalid(error: InvalidInput) -> str:
    if error.form is None:
        return str(error)
    sentences = []
    for name, messages in error.form.errors.items():
        text = " ".join(str(message) for message in messages)
        field = error.form.fields.get(name)
        label = (field.label or name.replace("_", " ").capitalize()) if field else ""
        sentences.append(f"{label}: {text}" if label else text)
    return " ".join(sentences)


def _describe_conflict(action: str) -> str:
    return {
        "answer": gettext("This question is not open any more."),
        "cancel": gettext("This operation cannot be cancelled any more."),
        "dismiss": gettext("This operation has not finished; cancel it first."),
        "again": gettext(
            "This operation has not finished, or its input is no longer kept."
        ),
        "retry": gettext("Only a failed or cancelled operation can be tried again."),
    }[action]


def _describe_too_large(limit: int) -> str:
    if limit < 1024:
        return ngettext(
            "This is too large: at most %(limit)d byte is accepted.",
            "This is too large: at most %(limit)d bytes are accepted.",
            limit,
        ) % {"limit": limit}
    from django.template.defaultfilters import filesizeformat

    return gettext("This is too large: at most %(size)s are accepted.") % {
        "size": filesizeformat(limit).replace("\xa0", " ")
    }
