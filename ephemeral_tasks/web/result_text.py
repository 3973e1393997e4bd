"""A result as text: as much of it as a page shows, or all of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from .encoding import encode

SHOWN_BYTES = 2**20
"""What a page shows of a result, in UTF-8."""

RAISED = (Exception, SystemExit)
"""What a result's own classes may raise. SystemExit would end the server, whose loop
gets it from the thread."""

_SMALL_PARTS = 10_000
_SMALL_LENGTH = 100_000
_TEXTS = (str, bytes)
_CONTAINERS = (dict, list, tuple)
_SCALARS = (bool, int, float, type(None))

# No check for circles: its notes on what is being written would stay, in a cycle of the
# encoder's own functions, where the writing ends early. A circle is a RecursionError.
_PLAIN = DjangoJSONEncoder(allow_nan=False, check_circular=False)
_PRETTY = DjangoJSONEncoder(
    allow_nan=False, check_circular=False, ensure_ascii=False, indent=2
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The beginning of a result."""

    text: str | None
    """At most ``SHOWN_BYTES``; None for what no text can show."""

    has_more: bool
    """Whether a download has more than the text."""


def make_excerpt(value: object) -> Excerpt:
    """Return what a page shows; never raises, whatever the result's classes do."""
    if isinstance(value, bytes) and not _is_text(value):
        return Excerpt(text=None, has_more=True)
    for _, pieces in _list_ways(value):
        try:
            return _take(pieces())
        except RAISED:
            continue
    return Excerpt(text=None, has_more=False)


def write_whole(value: object) -> tuple[bytes, str] | None:
    """Return all of a result and the end of its file's name; None without a text."""
    if isinstance(value, bytes):
        return value, "txt" if _is_text(value) else "bin"
    for kind, pieces in _list_ways(value):
        try:
            return encode(_join(pieces())), kind
        except RAISED:
            continue
    return None


def write_json(document: object) -> str:
    """Return a document as JSON for programs.

    Raises:
        RAISED: JSON cannot express it.
    """
    if is_large(document):
        # Written in pieces: the encoder in C would keep all other threads waiting.
        return _join(_PLAIN.iterencode(document))
    return json.dumps(document, cls=DjangoJSONEncoder, allow_nan=False)


def is_large(value: object) -> bool:
    """Return whether to write a value may take more than a moment.

    Looks at few parts, and runs no code of the value's own class: a value of such a
    class counts as large.
    """
    parts, length = 0, 0
    rest: list[Any] = [value]
    while rest:
        one = rest.pop()
        if type(one) in _TEXTS:
            length += len(one)
        elif type(one) in _CONTAINERS:
            parts += len(one)
            if parts > _SMALL_PARTS:
                return True
            rest += one.items() if type(one) is dict else one
        elif type(one) not in _SCALARS:
            return True
    return length > _SMALL_LENGTH


def _list_ways(value: object) -> list[tuple[str, Callable[[], Iterable[str]]]]:
    """Return the ways to write a value, the best first."""
    if isinstance(value, bytes):
        return [("txt", lambda: [value.decode()])]
    as_text = ("txt", lambda: [str(value)])
    if isinstance(value, dict | list | tuple | bool | None):
        return [("json", lambda: _PRETTY.iterencode(value)), as_text]
    return [as_text]


def _take(pieces: Iterable[str]) -> Excerpt:
    taken = StringIO()
    for piece in pieces:
        taken.write(piece)
        if taken.tell() > SHOWN_BYTES:
            break
    content = encode(taken.getvalue()[: SHOWN_BYTES + 1])
    # A character that is cut in two is left out.
    text = content[:SHOWN_BYTES].decode("utf-8", "ignore")
    return Excerpt(text=text, has_more=len(content) > SHOWN_BYTES)


def _join(pieces: Iterable[str]) -> str:
    text = StringIO()
    for piece in pieces:
        text.write(piece)
    return text.getvalue()


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
