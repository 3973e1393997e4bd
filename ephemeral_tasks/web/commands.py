"""What a socket may ask for, and the events that answer it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from .. import submission
from . import forms, inputs, json_input
from .refusals import InvalidInput

Event = dict[str, Any]
"""``{"type": "row", "operation": …}`` or ``{"type": "removed", "id": …}``."""


def parse(text: str | None) -> dict[str, Any]:
    """Return a message as an object.

    Raises:
        InvalidInput: It is binary, broken, or not an object.
    """
    if text is None:
        raise InvalidInput(gettext("Binary messages are not understood."))
    return json_input.json_object(text)


async def obey(owner: str, message: dict[str, Any]) -> list[Event]:
    """Do what a message asks for, and return what became of it.

    Raises:
        EphemeralTasksError: It was refused; nothing was changed.
    """
    match message:
        case {"type": "submit", "task": str(task), "data": dict(data)}:
            return [_row(owner, await _submit(owner, task, data))]
        case {"type": "cancel", "id": str(id)}:
            submission.cancel(owner, id)
            return [_row(owner, id)]
        case {"type": "dismiss", "id": str(id)}:
            submission.dismiss(owner, id)
            return [{"type": "removed", "id": id}]
        case {"type": "retry", "id": str(id)}:
            handle = submission.retry(owner, id)
            return [{"type": "removed", "id": id}, _row(owner, handle.id)]
    raise InvalidInput(gettext("This message is not understood."))


def id_in(message: dict[str, Any]) -> str | None:
    """Return the operation that a message is about."""
    id = message.get("id")
    return id if isinstance(id, str) else None


async def _submit(owner: str, name: str, data: dict[str, Any]) -> str:
    task, form_class = inputs.find_exposed(name)
    form = await inputs.bind(form_class, data)
    return forms.submit_form(owner, task, form, data).id


def _row(owner: str, id: str) -> Event:
    return {"type": "row", "operation": submission.row(owner, id).as_json()}
