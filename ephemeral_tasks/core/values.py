"""Values of bodies in a form that can be kept, sent as JSON and shown."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

MAX_TEXT = 500
"""Characters of a text that is kept for people to read; what is longer is cut."""


class Progress(NamedTuple):
    """How far a body has come, in its own units."""

    done: float
    """Units done so far."""

    total: float | None = None
    """Units in all; None while the body does not know."""

    message: str = ""
    """A few words for people."""

    @classmethod
    def of(cls, done: Any, total: Any, message: Any) -> Progress:
        """Return plain, bounded values that JSON and HTML can express.

        Raises:
            TypeError, ValueError: ``done`` or ``total`` is no finite number; the
                message names which.
        """
        return cls(
            finite("done", done),
            None if total is None else finite("total", total),
            message
            if type(message) is str and len(message) <= MAX_TEXT and message.isascii()
            else plain_text(message),
        )


class Share(Progress):
    """How far a body of several parts has come, in per cent: it has no unit."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(Progress(*self))


def finite(name: str, value: Any) -> float:
    """Return a plain int or float; of other kinds of numbers their float.

    Raises:
        TypeError, ValueError: It is no number, or not finite.
    """
    kind = type(value)
    if kind is int and -(2**53) <= value <= 2**53:
        return int(value)
    if not hasattr(value, "__float__") or isinstance(value, complex):
        raise TypeError(f"{name} must be a number, got {kind.__name__}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number, got {number}")
    is_whole = hasattr(value, "__index__") and number == int(value)
    return int(value) if is_whole else number


def encodable(text: Any) -> str:
    """Return a plain text that UTF-8 can express, of any length.

    Raises:
        TypeError: It is no text.
    """
    if type(text) is str and text.isascii():
        return text
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}")
    plain = str.__str__(text)
    try:
        plain.encode()
    except UnicodeEncodeError:
        return plain.encode(errors="replace").decode()
    return plain


def plain_text(value: object) -> str:
    """Return a text that UTF-8 can express, at most 500 characters long.

    Never a subclass of str: a template would take some for safe HTML.
    """
    text = str.__str__(value if isinstance(value, str) else str(value))
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT - 1] + "…"
    return text.encode(errors="replace").decode()
