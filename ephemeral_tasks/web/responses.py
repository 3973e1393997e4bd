"""One answer in three forms: a fragment for htmx, a page, JSON for programs."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme

from ..projection import Row
from .pages import Page
from .refusals import Refusal
from .rows import render_rows

STOP_POLLING = 286  # htmx docs, "Polling"


class Audience(enum.Enum):
    """Who asked."""

    HTMX = "htmx"
    BROWSER = "browser"
    PROGRAM = "program"


def audience_of(request: HttpRequest) -> Audience:
    """Return who asked, by the headers ``HX-Request`` and ``Accept``."""
    if is_htmx(request):
        # A boosted link and a restored page ask for the whole page.
        wants_page = ("HX-Boosted", "HX-History-Restore-Request")
        if any(request.headers.get(name) == "true" for name in wants_page):
            return Audience.BROWSER
        return Audience.HTMX
    if _names_html(request) and _prefers_html(request):
        return Audience.BROWSER
    return Audience.PROGRAM


def page_of(request: HttpRequest) -> Page:
    """Return what is active, with the filter that the query names."""
    task = request.GET.get("task")
    named = task if task and task.isidentifier() else None
    return Page.current(named, request=request)


async def render_page(
    request: HttpRequest,
    templates: Sequence[str],
    context: Mapping[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Return a page.

    Templates may be anybody's and ask for anything, the user for example, so they are
    rendered in a thread.
    """
    render = sync_to_async(render_to_string)
    context = {"page": page_of(request), **context}
    return HttpResponse(await render([*templates], context, request), status=status)


def answer_table(request: HttpRequest, owner: str | None) -> HttpResponse:
    """Return the table fragment; nothing when the poll brings its version."""
    html, version = render_rows(owner, page_of(request))
    if version is None:
        return HttpResponse(html, status=STOP_POLLING)
    if version == request.GET.get("version"):
        return HttpResponse(status=204)  # htmx swaps nothing and polls on
    return HttpResponse(html)


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
            response = HttpResponse(
                render_rows(owner, page_of(request))[0], status=status
            )
        case Audience.BROWSER:
            return redirect_back(request, gone=gone)
        case Audience.PROGRAM:
            response = JsonResponse(body, status=status)
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


def next_of(request: HttpRequest) -> str | None:
    """Return the page to go back to: ``next``, or the referring one; own host only."""
    for url in (
        request.POST.get("next"),
        request.GET.get("next"),
        request.headers.get("HX-Current-URL"),
        request.headers.get("Referer"),
    ):
        if url and is_own(request, url):
            parts = urlsplit(url)
            return parts._replace(scheme="", netloc="").geturl() or "/"
    return None


def is_own(request: HttpRequest, url: str) -> bool:
    """Return whether a URL, absolute or from the root, leads to the host asked."""
    return url.startswith(("/", "http:", "https:")) and url_has_allowed_host_and_scheme(
        url,
        allowed_hosts={request.get_host()},
        require_https=request.is_secure(),
    )


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
            html, _ = render_rows(owner, page)
            response = HttpResponse(html + render_notice(page.live_id, refusal.message))
            response.headers["HX-Reswap"] = "outerHTML"
        case Audience.HTMX:
            response = HttpResponse(_sentence(refusal.message))
            response.headers["HX-Reswap"] = "innerHTML"
        case Audience.BROWSER:
            response = await render_page(
                request,
                ["ephemeral_tasks/error.html"],
                {"refusal": refusal, "next": next_of(request), **(context or {})},
            )
        case Audience.PROGRAM:
            response = JsonResponse({"error": refusal.as_json()})
    response.status_code = refusal.status
    if refusal.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def render_notice(id: str, message: str) -> str:
    """Return a sentence for a live region, swapped in wherever the answer goes."""
    context = {"id": id, "message": message}
    return render_to_string("ephemeral_tasks/notice.html", context)


def rows_as_json(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the table as programs get it."""
    return {"operations": [one.as_json() for one in rows]}


def _sentence(message: str) -> str:
    return render_to_string("ephemeral_tasks/sentence.html", {"message": message})


def is_htmx(request: HttpRequest) -> bool:
    """Return whether htmx sent the request; its middleware need not be there."""
    details = getattr(request, "htmx", None)
    if details is not None:
        return bool(details)
    return request.headers.get("HX-Request") == "true"


def _names_html(request: HttpRequest) -> bool:
    # "*/*" is what programs send; it names nothing.
    types = ((one.main_type, one.sub_type) for one in request.accepted_types)
    return ("text", "html") in types


def _prefers_html(request: HttpRequest) -> bool:
    preferred = request.get_preferred_type(["text/html", "application/json"])
    return preferred == "text/html"
