"""One answer in three forms: a fragment for htmx, a page, JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string

from ..errors import Unreachable
from ..row import Row
from .audience import Audience, audience_of
from .encoding import encode
from .next_page import next_of, own_path
from .pages import Page
from .refusals import Refusal
from .rows import arender_rows, render_unreachable

STOP_POLLING = 286  # htmx docs, "Polling"


def read_ahead(request: HttpRequest) -> None:
    """Raise now what the request would make its answer raise.

    To be called before anything is done: Django refuses a query with too many
    parameters, for example, at the first look at it, and that look must not come once
    an operation was accepted or cancelled.
    """
    audience_of(request)
    page_of(request)
    next_of(request)


def page_of(request: HttpRequest) -> Page:
    """Return the active context, with the filter that the query names."""
    task, operation = request.GET.get("task"), request.GET.get("operation")
    named = task if task and task.isidentifier() else None
    page = Page.current(named, request=request)
    if "count" in request.GET:
        return replace(page, is_count=True)
    if operation is None:
        return page
    then = request.GET.get("then")
    return page.of_operation(operation, then=own_path(request, then) if then else None)


def html(content: str | bytes, status: int = 200) -> HttpResponse:
    """Return HTML, with U+FFFD for what UTF-8 cannot express."""
    if isinstance(content, str):
        content = encode(content)
    return HttpResponse(content, status=status, content_type="text/html; charset=utf-8")


def json(document: dict[str, Any], status: int = 200) -> JsonResponse:
    """Return JSON."""
    return JsonResponse(document, status=status)


async def render_page(
    request: HttpRequest,
    templates: Sequence[str],
    context: Mapping[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Return a page.

    Templates may be the site's own and ask for the user, for example, so they are
    rendered in a thread.
    """
    context = {"page": page_of(request), **context}
    content = await sync_to_async(
        lambda: encode(render_to_string([*templates], context, request))
    )()
    return html(content, status)


async def answer_table(request: HttpRequest, owner: str | None) -> HttpResponse:
    """Return the table fragment; nothing when the poll brings its version."""
    page = page_of(request)
    try:
        rows, version = await arender_rows(owner, page)
    except Unreachable:
        return html(render_unreachable(page))
    if version is None:
        return html(rows, STOP_POLLING)
    if version == request.GET.get("version"):
        return HttpResponse(status=204)  # htmx swaps nothing and polls on
    return html(rows)


async def answer_change(
    request: HttpRequest,
    owner: str,
    *,
    body: Any,
    status: int = 200,
    location: str = "",
    gone: str | None = None,
) -> HttpResponse:
    """Answer an action that was done: the table, a way back, or the body as JSON.

    Args:
        request: Answered in its own form.
        owner: Whose table it is.
        body: What programs get.
        status: For all but browsers, which are sent back.
        location: Of what was made.
        gone: The operation whose own pages are no more.
    """
    response: HttpResponse
    match audience_of(request):
        case Audience.HTMX:
            # What was done was done, though its table cannot be shown.
            rows = await _render_or_explain(owner, page_of(request))
            response = html(rows, status)
        case Audience.BROWSER:
            return redirect_back(request, gone=gone)
        case Audience.PROGRAM:
            response = json(body, status)
    if location:
        response.headers["Location"] = location
    return response


def redirect_back(
    request: HttpRequest, *, gone: str | None = None
) -> HttpResponseRedirect:
    """Return a redirect to where the browser came from, else to the table's page."""
    url = next_of(request)
    if url is None or (gone is not None and f"/{gone}/" in url):
        url = page_of(request).root
    return see_other(url)


def see_other(url: str) -> HttpResponseRedirect:
    """Return a redirect that is followed by GET."""
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


async def refuse(
    request: HttpRequest,
    refusal: Refusal,
    *,
    owner: str | None = None,
    is_about_table: bool = False,
    context: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Answer with what was refused.

    Args:
        request: Answered in its own form.
        refusal: Gives status and words.
        owner: Whose table it is.
        is_about_table: Whether htmx is going to swap the table: then it gets the
            table as it is, and the sentence for the live region.
        context: For the page that a browser gets.
    """
    response: HttpResponse
    match audience_of(request):
        case Audience.HTMX if is_about_table:
            page = page_of(request)
            rows = await _render_or_explain(owner, page)
            response = html(rows + render_notice(page.live_id, refusal.message))
            response.headers["HX-Reswap"] = "outerHTML"
        case Audience.HTMX:
            response = html(_render_sentence(refusal.message))
            response.headers["HX-Reswap"] = "innerHTML"
        case Audience.BROWSER:
            response = await render_page(
                request,
                ["ephemeral_tasks/error.html"],
                {"refusal": refusal, "next": next_of(request), **(context or {})},
            )
        case Audience.PROGRAM:
            response = json({"error": refusal.as_json()})
    response.status_code = refusal.status
    if refusal.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


async def _render_or_explain(owner: str | None, page: Page) -> str:
    try:
        return (await arender_rows(owner, page)).html
    except Unreachable:
        return render_unreachable(page)


def render_notice(id: str, message: str) -> str:
    """Return a sentence for a live region, swapped in wherever the answer goes."""
    context = {"id": id, "message": message}
    return render_to_string("ephemeral_tasks/notice.html", context)


def rows_as_json(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the table as programs get it."""
    return {"operations": [one.as_json() for one in rows]}


def _render_sentence(message: str) -> str:
    return render_to_string("ephemeral_tasks/sentence.html", {"message": message})
