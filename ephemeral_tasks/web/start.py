"""Starting a task from a form, a page's or a program's."""

from __future__ import annotations

from contextlib import suppress

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables

from .. import submission
from ..errors import EphemeralTasksError
from ..tasks import Task
from . import forms, inputs, private, responses
from .audience import Audience, audience_of
from .decorators import route
from .first_submission import owner_saved
from .owner import aowner_of, candidate
from .pages import Page, task_of
from .refusals import InvalidInput, refusal_of
from .table import render_table

TABLES_HEADER = "Ephemeral-Tasks-Tables"
TABLES = 10


@route("POST")
async def start(request: HttpRequest, task: str) -> HttpResponse:
    """The task is submitted with what its form cleaned."""
    declared, form_class = inputs.find_exposed(task)
    form: BaseForm | None = None
    try:
        data, files = inputs.read(request)
        responses.read_ahead(request)
        form = await inputs.bind(form_class, data, files)
        owner, id = await _submit(request, declared, form, data)
    except EphemeralTasksError as error:
        return await _refuse(request, declared, form, error)
    return await _accept(request, declared, owner, id)


@sensitive_variables()
async def _submit(
    request: HttpRequest, task: Task, form: BaseForm, data: inputs.Data
) -> tuple[str, str]:
    """Return owner and id; a refused first submission leaves no owner behind."""
    owner = await aowner_of(request, create=False)
    if owner is not None:
        return owner, forms.submit_form(owner, task, form, data).id
    inputs.check(form)  # the most common refusal, before anything is saved
    newcomer = candidate(request, forms.key_in(form, data))
    async with owner_saved(request, newcomer) as owner:
        return owner, forms.submit_form(owner, task, form, data).id


@sensitive_variables()
async def _accept(
    request: HttpRequest, task: Task, owner: str, id: str
) -> HttpResponse:
    response: HttpResponse
    match audience_of(request):
        case Audience.HTMX:
            response = responses.html(
                await private.in_thread(lambda: _render_fresh(request, task, owner))
            )
        case Audience.BROWSER:
            return responses.redirect_back(request)
        case Audience.PROGRAM:
            response = responses.json(submission.row(owner, id).as_json())
    response.status_code = 202
    response.headers["Location"] = responses.page_of(request).url(id)
    return response


def _render_fresh(request: HttpRequest, task: Task, owner: str) -> str:
    """Return what an accepted form brings to its page, each piece swapped by its id."""
    named = _tables_of(request)
    pieces = [
        render_table(request, page, owner=owner, is_live=is_live)
        for page, is_live in named
    ]
    return "".join([*pieces, forms.render_fresh_key(task, is_seen=bool(named))])


def _tables_of(request: HttpRequest) -> list[tuple[Page, bool]]:
    """Return the tables that stand on the page, and whether each has an owner."""
    named = []
    for entry in request.headers.get(TABLES_HEADER, "").split(",")[:TABLES]:
        id, _, state = entry.strip().partition(";")
        with suppress(ValueError):
            page = Page.current(task_of(id), request=request)
            named.append((page, state == "live"))
    return named


@sensitive_variables()
async def _refuse(
    request: HttpRequest, task: Task, form: BaseForm | None, error: EphemeralTasksError
) -> HttpResponse:
    """Answer so that nothing that was typed is lost."""
    refusal = refusal_of(error)
    audience = audience_of(request)
    if audience is Audience.HTMX and form is not None and _is_forms_own(error):
        html = await private.in_thread(
            lambda: forms.render_form(request, task, form=form)
        )
        response = responses.html(html, refusal.status)
        response.headers["HX-Reswap"] = "outerHTML"
        response.headers["HX-Retarget"] = f"#{forms.form_id(task)}"
        return response
    context = {"form": form, "label": forms.label_of(task), "task": task}
    response = await responses.refuse(request, refusal, context=context)
    if audience is Audience.HTMX:
        response.headers["HX-Retarget"] = f"#{forms.status_id(task)}"
    return response


def _is_forms_own(error: EphemeralTasksError) -> bool:
    return isinstance(error, InvalidInput) and error.form is not None
