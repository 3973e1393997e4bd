"""A result that is a file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# RFC 9110, 8.3.1: type/subtype and parameters, here without escapes in quotes.
_TOKEN = r"[\w!#$%&'*+.^`|~-]+"  # noqa: S105  # a token of HTTP's grammar
_MEDIA_TYPE = re.compile(
    rf'{_TOKEN}/{_TOKEN}(?: *; *{_TOKEN}=(?:{_TOKEN}|"[^"\\\x00-\x1f\x7f]*"))*',
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ResultFile:
    """What a task returns for its owner to download.

    Raises:
        TypeError, ValueError: A field is not what it should be; the message says so.
    """

    name: str
    """Any text; what no file can be named is replaced where it is sent."""

    data: bytes = field(repr=False)
    """The file's content; text is to be encoded first."""

    content_type: str
    """A media type, such as ``"text/csv; charset=utf-8"``."""

    def __post_init__(self) -> None:
        _check_type("name", self.name, str)
        data: object = self.data
        if isinstance(data, str):
            raise TypeError(
                "data must be bytes, got str: encode the text, as with "
                '.encode(), and name its charset, as "text/csv; charset=utf-8"'
            )
        _check_type("data", data, bytes)
        _check_type("content_type", self.content_type, str)
        if not (
            self.content_type.isascii() and _MEDIA_TYPE.fullmatch(self.content_type)
        ):
            raise ValueError(
                "content_type must be a media type such as 'text/csv', "
                f"got {self.content_type[:100]!r}"
            )

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return len(self.data)


def _check_type(name: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {kind.__name__}, got {type(value).__name__}")
