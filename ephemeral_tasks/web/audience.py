"""The kinds of clients: htmx, a browser, a program."""

from __future__ import annotations

import enum

from django.http import HttpRequest


class Audience(enum.Enum):
    """The kind of client that sent a request."""

    HTMX = "htmx"
    BROWSER = "browser"
    PROGRAM = "program"


def audience_of(request: HttpRequest) -> Audience:
    """Return the kind of client, by the headers ``HX-Request`` and ``Accept``."""
    if is_htmx(request):
        # A boosted link and a restored page ask for the whole page.
        wants_page = ("HX-Boosted", "HX-History-Restore-Request")
        if any(request.headers.get(name) == "true" for name in wants_page):
            return Audience.BROWSER
        return Audience.HTMX
    return Audience.BROWSER if _accepts_html(request) else Audience.PROGRAM


def is_htmx(request: HttpRequest) -> bool:
    """Return whether htmx sent the request; its middleware need not be there."""
    details = getattr(request, "htmx", None)
    if details is not None:
        return bool(details)
    return request.headers.get("HX-Request") == "true"


def _accepts_html(request: HttpRequest) -> bool:
    try:
        # "*/*" is what programs send; it names nothing.
        types = [(one.main_type, one.sub_type) for one in request.accepted_types]
        preferred = request.get_preferred_type(["text/html", "application/json"])
    except (LookupError, ValueError):  # a character set that is none, a header too long
        return False
    return ("text", "html") in types and preferred == "text/html"
