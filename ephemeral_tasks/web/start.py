"""Starting a task from a form, a page's or a program's."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from asgiref.sync import sync_to_async
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse

from .. import submission
from ..errors import EphemeralTasksError, Unreachable
from ..tasks import Task
from ..windows import Handle
from . import forms, inputs, responses
from .audience import Audience, audience_of
from .client import aadd_client
from .decorators import route
from .first_submission import save_owner
from .form_ids import FormIds
from .owner import amake_candidate, aowner_of
from .pages import Page, page_of_wrapper
from .refusals import InvalidInput, refusal_of
from .shown import find_about_to_stop
from .table import render_table
from .waiting import answer_program

TABLES_HEADER = "Ephemeral-Tasks-Tables"
TABLES = 10


@route("POST")
async def start(request: HttpRequest, task: str) -> HttpResponse:
    """The task is submitted with what its form cleaned."""
    declared, form_class = await inputs.find_permitted(task, request)
    form: BaseForm | None = None
    try:
        data, files = inputs.read(request)
        responses.read_ahead(request)
        form = await inputs.bind(form_class, data, files, request=request)
        accepted = await _submit(request, declared, form, data)
    except EphemeralTasksError as error:
        return await _refuse(request, declared, form, error)
    return await _accept(request, declared, accepted)


class _Accepted(NamedTuple):
    """What became of a submission."""

    owner: str
    handle: Handle
    stopped: str | None
    """The label of the unfinished operation that it pushed out."""


async def _submit(
    request: HttpRequest, task: Task, form: BaseForm, data: inputs.Data
) -> _Accepted:
    """Submit; a refused first submission leaves no owner behind."""
    owner = await aowner_of(request, create=False)
    if owner is not None:
        oldest = find_about_to_stop(await submission.awindow(owner))
        handle = await forms.submit_form(owner, task, form, data)
        stopped = None
        with suppress(Unreachable):  # since then: it was accepted nevertheless
            if oldest and not await submission.ais_known(owner, oldest.id):
                stopped = oldest.label
        return _Accepted(owner, handle, stopped)
    inputs.check(form)  # the most common refusal, before anything is saved
    newcomer = await amake_candidate(request, forms.key_in(form, data))
    async with save_owner(request, newcomer) as owner:
        submitter = await aadd_client(owner, request)
        handle = await forms.submit_form(submitter, task, form, data)
    return _Accepted(owner, handle, None)


async def _accept(
    request: HttpRequest, task: Task, accepted: _Accepted
) -> HttpResponse:
    response: HttpResponse
    match audience_of(request):
        case Audience.HTMX:
            html = await sync_to_async(_render_accepted)(request, task, accepted)
            response = responses.html(html, 202)
        case Audience.BROWSER:
            return responses.redirect_back(request)
        case Audience.PROGRAM:
            response = await answer_program(
                request, accepted.owner, accepted.handle, task
            )
    response.headers["Location"] = responses.page_of(request).url(accepted.handle.id)
    return response


def _render_accepted(request: HttpRequest, task: Task, accepted: _Accepted) -> str:
    """Return the fragments that answer an accepted form, each swapped by its id."""
    named = _tables_of(request)
    # Boosted from a page without our script: it may have a table and cannot say so.
    shown = named if TABLES_HEADER in request.headers else [(Page.current(), False)]
    # Rows first: HTML's parser drops a tbody that comes after other elements.
    ordered = sorted(shown, key=lambda one: one[0].is_count)
    pieces = [
        render_table(request, page, owner=accepted.owner, is_live=is_live)
        for page, is_live in ordered
    ]
    fresh = forms.render_accepted(
        task,
        FormIds.sent_by(request, task),
        label=accepted.handle.label,
        is_seen=any(not page.is_count for page, _ in named),
        stopped=accepted.stopped,
    )
    return "".join([*pieces, fresh])


def _tables_of(request: HttpRequest) -> list[tuple[Page, bool]]:
    """Return the tables that the page's script names, and whether each has an owner."""
    named = []
    for entry in request.headers.get(TABLES_HEADER, "").split(",")[:TABLES]:
        id, _, state = entry.strip().partition(";")
        with suppress(ValueError):
            page = page_of_wrapper(id, request)
            named.append((page, state == "live"))
    return named


async def _refuse(
    request: HttpRequest, task: Task, form: BaseForm | None, error: EphemeralTasksError
) -> HttpResponse:
    """Answer so that nothing that was typed is lost."""
    refusal = refusal_of(error)
    audience = audience_of(request)
    if audience is Audience.HTMX and form is not None and _is_forms_own(error):
        ids = FormIds.sent_by(request, task)
        render = sync_to_async(forms.render_form)
        html = await render(request, task, form=form, ids=ids)
        response = responses.html(html, refusal.status)
        response.headers["HX-Reswap"] = "outerHTML"  # the form is its own target
        return response
    context = {"form": form, "label": task.label_for(), "task": task}
    response = await responses.refuse(request, refusal, context=context)
    if audience is Audience.HTMX:
        response.headers["HX-Retarget"] = "find .task-form-status"
    return response


def _is_forms_own(error: EphemeralTasksError) -> bool:
    return isinstance(error, InvalidInput) and error.form is not None
