"""`task_output`: the element that shows an operation's output while it grows."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlencode

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from .. import submission
from ..conf import get_config
from ..errors import UnknownOperation, Unreachable
from . import forms
from .output_text import as_html, is_expressible
from .pages import Page
from .pieces import MAX_CHARACTERS, Piece, Place, read


def render_output(
    request: HttpRequest,
    id: str,
    place: Place,
    *,
    owner: str | None,
    script: SafeString,
) -> SafeString:
    """Return the element with the text so far, or a sentence where it is gone.

    Args:
        request: Of the page.
        id: The operation's id.
        place: Where the element's text begins.
        owner: None for a visitor without a submission.
        script: The element that loads its script.
    """
    context: dict[str, object] = {}
    if owner is not None:
        with suppress(UnknownOperation, Unreachable):
            piece = read(owner, id, place)
            label = submission.row(owner, id).label
            context = {"label": label, "script": script, **_context_of(request, piece)}
    return mark_safe(  # noqa: S308  # a template's output
        render_to_string("ephemeral_tasks/task_output.html", context, request)
    )


def _context_of(request: HttpRequest, piece: Piece) -> dict[str, object]:
    page = Page.current(request=request)
    url = page.url(piece.id, "output")
    has_more = len(piece.text) == MAX_CHARACTERS
    query = {"start": piece.end, "attempt": piece.attempt, **page.parameters}
    return {
        "interval": f"{get_config().poll_seconds * 1000:.0f}",
        "is_exact": is_expressible(piece.text),
        "more_url": f"{url}?{urlencode(query)}" if has_more else "",
        "piece": piece,
        "refresh_url": forms.page_url(request),
        "text": as_html(piece.text),
        "url": url,
    }
