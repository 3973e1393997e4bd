"""A text as the Markdown parser reads it, with the way back to each character."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

_LINE_END = re.compile(r"\r\n?|\n")
# CommonMark reads NUL as U+FFFD; a lone surrogate cannot be encoded for an engine.
_UNREADABLE = re.compile(r"[\0\ud800-\udfff]")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The lines of a text; a column means the same character here and there."""

    lines: tuple[str, ...] = field(repr=False)
    """Without their ends, each unreadable character as U+FFFD."""

    starts: tuple[int, ...]
    """The offset in the original text at which each line starts."""

    text_starts: tuple[int, ...]
    """The position in `text` at which each line starts."""

    @property
    def text(self) -> str:
        """What the parser reads."""
        return "\n".join(self.lines)

    def offset(self, line: int, column: int) -> int:
        """The offset in the original text of a character."""
        return self.starts[line] + column

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a span of `text` stands in the original text."""
        return self._original(start), self._original(end)

    def _original(self, position: int) -> int:
        """Return the offset in the original text of a position in `text`."""
        line = bisect_right(self.text_starts, position) - 1
        return self.offset(line, position - self.text_starts[line])


def read(text: str) -> Source:
    """The source of any string, without a byte order mark at its head."""
    head = 1 if text.startswith(_BYTE_ORDER_MARK) else 0
    readable = _UNREADABLE.sub("\ufffd", text)
    lines, starts = [], [head]
    for end in _LINE_END.finditer(readable):
        lines.append(readable[starts[-1] : end.start()])
        starts.append(end.end())
    lines.append(readable[starts[-1] :])
    ends = accumulate(len(line) + 1 for line in lines[:-1])
    return Source(lines=tuple(lines), starts=tuple(starts), text_starts=(0, *ends))
