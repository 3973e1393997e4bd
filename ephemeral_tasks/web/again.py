"""``GET <id>/again/``: a task's form, filled with an operation's arguments."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse

from .. import submission
from ..errors import UnknownOperation
from ..row import Row
from ..tasks import Task
from . import inputs, responses, result_text
from .audience import Audience, audience_of
from .decorators import route
from .form_class import make_form
from .forms import render_form
from .next_page import next_of
from .owner import afind_owner
from .refusals import NotSerializable


@route("GET")
async def again(request: HttpRequest, id: str) -> HttpResponse:
    """The form with which a finished operation can be changed and run again.

    What it starts is a new operation; the old one stays.
    """
    owner = await afind_owner(request)
    if owner is None:
        raise UnknownOperation(id)
    row, values = await submission.aread_input(owner, id)
    task, form_class = await inputs.find_permitted(row.task, request)
    if audience_of(request) is Audience.PROGRAM:
        form = await sync_to_async(make_form)(form_class, request, initial=values)
        return await sync_to_async(_write)(row, form, values)
    html = await sync_to_async(_render)(request, task, values)
    if audience_of(request) is Audience.HTMX:
        return responses.html(html)
    context = {"form": html, "next": next_of(request), "row": row}
    names = [f"ephemeral_tasks/{row.task}/again.html", "ephemeral_tasks/again.html"]
    return await responses.render_page(request, names, context)


def _render(request: HttpRequest, task: Task, values: dict[str, Any]) -> str:
    # Back to where the visitor came from: this page would show the form once more.
    back = next_of(request) or responses.page_of(request).root
    return render_form(request, task, initial=values, next_url=back)


def _write(row: Row, form: BaseForm, values: dict[str, Any]) -> HttpResponse:
    """Return the form's data, such as ``start`` takes as JSON."""
    data = {name: form[name].value() for name in form.fields if name in values}
    document = {"id": row.id, "task": row.task, "data": data}
    try:
        content = result_text.write_json(document)
    except result_text.RAISED:
        content = None
    if content is None:  # outside of the except block: the error quotes the input
        raise NotSerializable(row.id)
    return HttpResponse(content, content_type="application/json")
