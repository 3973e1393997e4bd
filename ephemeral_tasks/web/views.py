"""A visitor's operations: look at them, fetch a result, act on one."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse

from .. import submission
from ..errors import UnknownOperation, Unreachable
from . import processes, responses
from .accepted import read_row
from .audience import Audience, audience_of
from .decorators import route
from .next_page import own_path
from .owner import afind_owner
from .pages import Page
from .permission import check_permission
from .results import answer_result
from .row_html import arender_row
from .shown import filter_by_task
from .table import render_table


@route("GET")
async def table(request: HttpRequest) -> HttpResponse:
    """All of the visitor's operations, newest first; empty for visitors without any."""
    owner = await afind_owner(request)
    match audience_of(request):
        case Audience.HTMX:
            processes.notice(request.GET.get("process"))
            return await responses.answer_table(request, owner)
        case Audience.BROWSER:
            context = {"task": responses.page_of(request).task}
            return await responses.render_page(
                request, ["ephemeral_tasks/page.html"], context
            )
        case Audience.PROGRAM:
            window = () if owner is None else await submission.awindow(owner)
            rows = filter_by_task(window, responses.page_of(request).task)
            return responses.json(responses.rows_as_json(rows))


@route("GET")
async def operation(request: HttpRequest, id: str) -> HttpResponse:
    """One operation."""
    row = await submission.arow(await require_owner(request, id), id)
    match audience_of(request):
        case Audience.HTMX:
            page = responses.page_of(request)
            return responses.html(await arender_row(row, page))
        case Audience.BROWSER:
            return await responses.render_page(
                request, ["ephemeral_tasks/operation.html"], {"row": row}
            )
        case Audience.PROGRAM:
            return responses.json(row.as_json())


@route("GET")
async def result(request: HttpRequest, id: str) -> HttpResponse:
    """What the operation returned."""
    row, value = await submission.afetch(await require_owner(request, id), id)
    return await answer_result(request, row, value)


@route("POST", is_about_table=True)
async def cancel(request: HttpRequest, id: str) -> HttpResponse:
    """The operation is cancelled, or is ending; one that was cancelled stays so."""
    owner = await _prepare(request, id)
    await submission.acancel(owner, id)
    row = await submission.arow(owner, id)
    return await responses.answer_change(request, owner, body=row.as_json())


@route("POST", is_about_table=True)
async def dismiss(request: HttpRequest, id: str) -> HttpResponse:
    """The finished operation is gone."""
    owner = await _prepare(request, id)
    await submission.adismiss(owner, id)
    return await responses.answer_change(request, owner, body={"removed": id}, gone=id)


@route("POST", is_about_table=True)
async def retry(request: HttpRequest, id: str) -> HttpResponse:
    """A new operation with the same arguments stands in the old one's place."""
    owner = await _prepare(request, id)
    declared = await submission.atask_of(owner, id)
    await check_permission(declared, request)
    handle = await submission.aretry(owner, id)
    page = responses.page_of(request)
    if page.operation == id and audience_of(request) is Audience.HTMX:
        return await _answer_replaced(request, owner, page, handle.id)
    row = await read_row(owner, handle, declared)
    return await responses.answer_change(
        request,
        owner,
        body=row.as_json(),
        status=202,
        location=responses.page_of(request).url(handle.id),
        gone=None if await _is_known(owner, id) else id,
    )


async def _is_known(owner: str, id: str) -> bool:
    try:
        return await submission.ais_known(owner, id)
    except Unreachable:  # since then; a retry removes the old one
        return False


async def _answer_replaced(
    request: HttpRequest, owner: str, page: Page, id: str
) -> HttpResponse:
    """Show a new operation in the place of one that was shown by itself.

    Where addresses name the old one, the page's own and the next page's, they name the
    new one from now on: a reload would find nothing.
    """
    old = str(page.operation)
    new = page.of_operation(id, then=page.then and page.then.replace(old, id))
    content = await sync_to_async(render_table)(request, new, owner=owner)
    response = responses.html(content, 202)
    response.headers["HX-Retarget"] = f"#{page.id}"
    response.headers["HX-Reswap"] = "outerHTML"
    response.headers["Location"] = page.url(id)
    shown_at = own_path(request, request.headers.get("HX-Current-URL", ""))
    if shown_at and old in shown_at:
        response.headers["HX-Replace-Url"] = shown_at.replace(old, id)
    return response


async def _prepare(request: HttpRequest, id: str) -> str:
    """Return the owner; all that could still refuse the action was read before."""
    responses.read_ahead(request)
    return await require_owner(request, id)


async def require_owner(request: HttpRequest, id: str) -> str:
    """Return the owner of a visitor who asks for an operation.

    Raises:
        UnknownOperation: The visitor has no owner, and so no operation.
    """
    owner = await afind_owner(request)
    if owner is None:
        raise UnknownOperation(id)
    return owner
