"""The page that an answer leads back to."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from django.http import HttpRequest
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme


def next_of(request: HttpRequest) -> str | None:
    """Return the page to go back to: ``next``, or the referring one; own host only."""
    for url in (
        request.POST.get("next"),
        request.GET.get("next"),
        request.headers.get("HX-Current-URL"),
        request.headers.get("Referer"),
    ):
        if url and (path := own_path(request, url)):
            return path
    return None


def own_path(request: HttpRequest, url: str) -> str | None:
    """Return a URL without scheme and host, quoted; None where it leads elsewhere.

    Without scheme and host it is another URL: what is left of ``http://own//evil/`` is
    ``//evil/``. So both are checked, and what is returned is ASCII, starts with a
    single slash and is short enough for a redirect.
    """
    if not url.startswith(("/", "http:", "https:")):
        return None
    if not url_has_allowed_host_and_scheme(
        url, {request.get_host()}, require_https=request.is_secure()
    ):
        return None
    parts = urlsplit(url)
    left = urlunsplit(("", "", parts.path or "/", parts.query, parts.fragment))
    try:
        path = iri_to_uri(left)
    except UnicodeEncodeError:  # a lone surrogate
        return None
    is_safe = url_has_allowed_host_and_scheme
    return path if is_safe(left, None) and is_safe(path, None) else None
