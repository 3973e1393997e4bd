"""The commands of a socket's client, and the events that answer them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from django.forms import BaseForm
from django.utils.translation import gettext

from .. import submission
from ..errors import Unreachable
from ..row import Row
from ..tasks import Task
from . import answers, forms, inputs, json_input
from .accepted import read_row
from .client import aadd_client
from .permission import check_permission
from .refusals import InvalidInput

Event = dict[str, Any]
"""``{"type": "row", "operation": …}`` or ``{"type": "removed", "id": …}``."""


def parse(text: str | None) -> dict[str, Any]:
    """Return a message as an object.

    Raises:
        InvalidInput: It is binary, broken, or not an object; or it asks for an echo
            that is no JSON, such as ``NaN`` or ``1e999``.
    """
    if text is None:
        raise InvalidInput(gettext("Binary messages are not understood."))
    message = json_input.parse_object(text)
    try:
        json.dumps(message.get("request"), allow_nan=False)
    except (ValueError, RecursionError):
        raise InvalidInput(gettext("This is not valid JSON.")) from None
    return message


async def obey(
    owner: str,
    message: dict[str, Any],
    *,
    scope: Mapping[str, Any],
    is_over: Callable[[], bool],
) -> list[Event]:
    """Carry out a command and return the events that answer it.

    Args:
        owner: The socket's owner.
        message: As ``parse`` returned it.
        scope: The socket's: its client and its user.
        is_over: Whether the socket has ended. It is asked after what takes time, as
            the validation of a form: a socket that ended meanwhile submits nothing and
            answers nothing.

    Raises:
        EphemeralTasksError: It was refused; nothing was changed.
    """
    match message:
        case {"type": "submit", "task": str(task), "data": dict(data)}:
            form_task, form = await _bind(task, data, scope)
            submitter = await aadd_client(owner, scope)
            if is_over():
                return []
            handle = await forms.submit_form(submitter, form_task, form, data)
            return [_event_of(await read_row(owner, handle, form_task))]
        case {"type": "cancel", "id": str(id)}:
            await submission.acancel(owner, id)
            return [await _row(owner, id)]
        case {"type": "dismiss", "id": str(id)}:
            await submission.adismiss(owner, id)
            return [{"type": "removed", "id": id}]
        case {"type": "retry", "id": str(id)}:
            declared = await submission.atask_of(owner, id)
            await check_permission(declared, scope)
            return [] if is_over() else await _retry(owner, id, declared)
        case {"type": "answer", "id": str(id)}:
            number = answers.number_in(message)
            data = message.get("data", message)
            if isinstance(data, dict):
                answer = await answers.read_answer(owner, id, number, data)
                return [] if is_over() else await _answer(owner, id, number, answer)
    raise InvalidInput(gettext("This message is not understood."))


def id_in(message: dict[str, Any]) -> str | None:
    """Return the id of the operation that a message names."""
    id = message.get("id")
    return id if isinstance(id, str) else None


async def _bind(
    name: str, data: dict[str, Any], scope: Mapping[str, Any]
) -> tuple[Task, BaseForm]:
    task, form_class = await inputs.find_permitted(name, scope)
    return task, await inputs.bind(form_class, data)


async def _retry(owner: str, id: str, task: Task) -> list[Event]:
    handle = await submission.aretry(owner, id)
    row = _event_of(await read_row(owner, handle, task))
    with suppress(Unreachable):
        if await submission.ais_known(owner, id):  # the answer is an unfinished one
            return [row]
    return [{"type": "removed", "id": id}, row]


async def _answer(
    owner: str, id: str, number: int, answer: answers.Answer
) -> list[Event]:
    return [_event_of(await answers.give_answer(owner, id, number, answer))]


async def _row(owner: str, id: str) -> Event:
    return _event_of(await submission.arow(owner, id))


def _event_of(row: Row) -> Event:
    return {"type": "row", "operation": row.as_json()}
