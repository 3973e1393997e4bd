"""An operation's output in the markup of a page."""

from __future__ import annotations

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe


def as_html(text: str) -> SafeString:
    """Return the text escaped, so that a page has it character by character."""
    # A parser turns a bare carriage return into a newline, and not a reference to it.
    return mark_safe(escape(text).replace("\r", "&#13;"))  # noqa: S308  # escaped


def is_expressible(text: str) -> bool:
    """Return whether a page can hold exactly this text.

    HTML has no way to write U+0000, and UTF-8 none to write half of a character.
    """
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
