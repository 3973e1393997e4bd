"""Answering a program that started an operation and would wait for its result."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from .. import submission
from ..errors import Closed, EphemeralTasksError, NotFinished, Unreachable
from ..tasks import Task
from ..windows import Handle
from . import responses
from .accepted import read_row
from .preferences import mark_applied, read_preferences
from .refusals import arefusal_of
from .results import answer_result


async def answer_program(
    request: HttpRequest, owner: str, handle: Handle, task: Task
) -> HttpResponse:
    """Answer with the result if it is there within the time that the program waits.

    Else with 202 and the row. A program that goes away meanwhile ends the wait, and
    nothing else.
    """
    preferences = read_preferences(request)
    response = None
    if preferences.wait_seconds is not None:
        response = await _wait(request, owner, handle.id, preferences.wait_seconds)
    is_async = response is None
    if response is None:
        row = await read_row(owner, handle, task)
        response = responses.json(row.as_json(), 202)
    mark_applied(response, preferences, is_async=is_async)
    return response


async def _wait(
    request: HttpRequest, owner: str, id: str, seconds: float
) -> HttpResponse | None:
    """Return what the route of the result answers, None when there is no end yet."""
    try:
        await submission.aresult(owner, id, timeout=seconds)
        row, value = await submission.afetch(owner, id)
    except (NotFinished, Closed, Unreachable):
        return None
    except EphemeralTasksError as error:
        refusal = await arefusal_of(error, owner, id)
    else:
        return await answer_result(request, row, value)
    # Outside of the except block, as in `decorators._respond`.
    return await responses.refuse(request, refusal)
