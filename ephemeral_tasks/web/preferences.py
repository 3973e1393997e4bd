"""The request header ``Prefer``, which says how long a client would wait (RFC 7240)."""

from __future__ import annotations

import re
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse

MAX_WAIT_SECONDS = 5

# A token with or without a value, which may be quoted; parameters are left out.
_PREFERENCE = re.compile(
    r'\s*([\w!#$%&\'*+.^`|~-]+)\s*(?:=\s*"?([^\s";]*)"?)?\s*(?:;|$)'
)


class Preferences(NamedTuple):
    """What a client prefers."""

    wait_seconds: int | None
    """How long the answer may take, within the bound; None when it is not said."""

    is_async: bool
    """Whether an answer that would take longer is to come before the result."""


def read_preferences(
    request: HttpRequest, max_wait_seconds: int = MAX_WAIT_SECONDS
) -> Preferences:
    """Return what the header says; what cannot be read is not there."""
    found: dict[str, str] = {}
    for part in request.headers.get("Prefer", "").split(","):
        if match := _PREFERENCE.match(part):
            # Of two with one name the first is meant: RFC 7240, section 2.
            found.setdefault(match[1].lower(), match[2] or "")
    wait = found.get("wait", "")
    seconds = None
    if wait.isascii() and wait.isdigit():
        seconds = min(int(wait[:9]), max_wait_seconds)
    return Preferences(seconds, "respond-async" in found)


def mark_applied(
    response: HttpResponse, preferences: Preferences, *, is_async: bool
) -> None:
    """Say in a header which preferences were followed.

    Args:
        response: Gets the header, if any was followed.
        preferences: Of its request.
        is_async: Whether the response came before the result.
    """
    applied = []
    if preferences.is_async and is_async:
        applied.append("respond-async")
    if preferences.wait_seconds is not None:
        applied.append(f"wait={preferences.wait_seconds}")
    if applied:
        response.headers["Preference-Applied"] = ", ".join(applied)
