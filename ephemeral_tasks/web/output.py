"""What an operation writes, in three forms."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from .. import submission
from ..conf import get_config
from ..errors import UnknownOperation
from . import responses
from .audience import Audience, audience_of
from .connections import hold_waiting
from .decorators import route
from .next_page import next_of
from .output_text import as_html
from .pieces import Piece, Place, aread, await_more
from .preferences import Preferences, mark_applied, read_preferences
from .views import require_owner

MAX_WAIT_SECONDS = 20
LIVE_PAUSE_SECONDS = 0.25
"""Between two requests of a fragment whose next one waits for more."""


@route("GET")
async def output(request: HttpRequest, id: str) -> HttpResponse:
    """What the operation has written from a place on."""
    owner = await require_owner(request, id)
    place = Place.of(request.GET)
    match audience_of(request):
        case Audience.HTMX:
            return await _answer_htmx(request, owner, id, place)
        case Audience.BROWSER:
            return await _answer_browser(request, owner, id, place)
        case Audience.PROGRAM:
            piece, waited = await _read(request, owner, id, place)
            return _finish(responses.json(piece.as_json()), waited)


async def _read(
    request: HttpRequest, owner: str, id: str, place: Place
) -> tuple[Piece, Preferences]:
    """Return the piece, and how long it was or might have been waited for."""
    preferences = _preferences_of(request)
    if preferences.wait_seconds is not None:
        async with hold_waiting(owner) as may_wait:
            if may_wait:
                piece = await await_more(owner, id, place, preferences.wait_seconds)
                return piece, preferences
    return await aread(owner, id, place), _NO_WAIT


_NO_WAIT = Preferences(wait_seconds=None, is_async=False)


def _preferences_of(request: HttpRequest) -> Preferences:
    # Under WSGI a request that waits would hold a thread of the server.
    is_asgi = hasattr(request, "scope")
    return read_preferences(request, MAX_WAIT_SECONDS) if is_asgi else _NO_WAIT


def _finish(response: HttpResponse, waited: Preferences) -> HttpResponse:
    response.headers["Vary"] = "Prefer"
    mark_applied(response, waited, is_async=False)
    return response


async def _answer_browser(
    request: HttpRequest, owner: str, id: str, place: Place
) -> HttpResponse:
    """Return a page that follows; without JavaScript it shows the text so far."""
    row = await submission.arow(owner, id)
    templates = [
        f"ephemeral_tasks/{row.task}/output.html",
        "ephemeral_tasks/output.html",
    ]
    context = {"next": next_of(request), "place": place, "row": row}
    return await responses.render_page(request, templates, context)


async def _answer_htmx(
    request: HttpRequest, owner: str, id: str, place: Place
) -> HttpResponse:
    """Return a fragment that asks for the next one, and the last does not."""
    try:
        piece, waited = await _read(request, owner, id, place)
    except UnknownOperation:
        if place.attempt is None:  # it comes from the page, not from a fragment
            raise
        return responses.html("", responses.STOP_POLLING)
    is_first = piece.attempt != place.attempt
    response = responses.html(_render(request, piece, is_first=is_first, waited=waited))
    if is_first and place.attempt is not None:  # the former attempt's text goes
        response.headers["HX-Retarget"] = "closest pre"
        response.headers["HX-Reswap"] = "outerHTML"
    return _finish(response, waited)


def _render(
    request: HttpRequest, piece: Piece, *, is_first: bool, waited: Preferences
) -> str:
    page = responses.page_of(request)
    query = {"start": piece.end, "attempt": piece.attempt, **page.parameters}
    context = {
        "interval": f"{_choose_pause(request, waited) * 1000:.0f}",
        "is_first": is_first,
        "piece": piece,
        "text": as_html(piece.text),
        "url": f"{page.url(piece.id, 'output')}?{urlencode(query)}",
        "wait_seconds": MAX_WAIT_SECONDS,
    }
    return render_to_string("ephemeral_tasks/output_fragment.html", context)


def _choose_pause(request: HttpRequest, waited: Preferences) -> float:
    """Return the seconds until the next request, which would wait where it may."""
    asked = _preferences_of(request).wait_seconds is not None
    is_refused = asked and waited.wait_seconds is None
    if is_refused or not hasattr(request, "scope"):
        return get_config().poll_seconds
    return LIVE_PAUSE_SECONDS
