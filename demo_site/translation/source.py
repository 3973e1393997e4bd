"""A text as the Markdown parser reads it, and the original offsets."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

_LINE_END = re.compile(r"\r\n?|\n")
# CommonMark reads NUL as U+FFFD; a lone surrogate cannot be encoded.
_UNREADABLE = re.compile(r"[\0\ud800-\udfff]")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The lines of a text; columns are the same as in the original."""

    lines: tuple[str, ...] = field(repr=False)
    """Without line ends; unreadable characters are replaced by U+FFFD."""

    starts: tuple[int, ...]
    """The offset of each line in the original text."""

    text_starts: tuple[int, ...]
    """The position of each line in `text`."""

    @property
    def text(self) -> str:
        """What the parser reads."""
        return "\n".join(self.lines)

    def offset(self, line: int, column: int) -> int:
        """Return the offset in the original text of a line and column."""
        return self.starts[line] + column

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets in the original text of a span of `text`."""
        return self._original(start), self._original(end)

    def _original(self, position: int) -> int:
        """Return the offset in the original text of a position in `text`."""
        line = bisect_right(self.text_starts, position) - 1
        return self.offset(line, position - self.text_starts[line])


def read(text: str) -> Source:
    """Return the source of any string, without a byte order mark."""
    head = 1 if text.startswith(_BYTE_ORDER_MARK) else 0
    readable = _UNREADABLE.sub("\ufffd", text)
    lines, starts = [], [head]
    for end in _LINE_END.finditer(readable):
        lines.append(readable[starts[-1] : end.start()])
        starts.append(end.end())
    lines.append(readable[starts[-1] :])
    ends = accumulate(len(line) + 1 for line in lines[:-1])
    return Source(lines=tuple(lines), starts=tuple(starts), text_starts=(0, *ends))
