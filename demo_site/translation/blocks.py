"""The blocks of a document that contain words, and their places in its source."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from operator import itemgetter

from markdown_it.token import Token

from demo_site.translation.parser import Parsed
from demo_site.translation.source import Source
from demo_site.translation.steps import Step

_CELL_END = re.compile(r"(?<!\\)\|")
_ESCAPED_PIPE = re.compile(r"\\\|")
# Prefixes before a row's first pipe: the marks of quotes, lists and footnotes.
_ROW_HEAD = re.compile(r"(?:[\s>]|[*+-]\s|[0-9]{1,9}[.)]\s|\[\^[^\]\s]+\]:)*+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The content of a paragraph, a heading or a table cell."""

    content: str = field(repr=False)
    """What the parser read: no prefixes of quotes and lists, pipes unescaped."""

    steps: Sequence[Step] = field(repr=False)
    """What the parser's inline rules matched, in order."""

    is_paragraph: bool
    """Whether a line of it could start another block."""

    heading: int | None
    """The line that a heading starts on; None for other blocks."""

    passages: Sequence[tuple[int, int]]
    """Spans of the document that are not sent to an engine."""

    _content_starts: Sequence[int]
    _source_starts: Sequence[int]

    def offset(self, position: int) -> int:
        """Return the offset in the document of a position in the content."""
        part = bisect_right(self._content_starts, position) - 1
        return self._source_starts[part] + position - self._content_starts[part]

    def position(self, offset: int) -> int:
        """Return the first position in the content at or after an offset."""
        return bisect_left(range(len(self.content)), offset, key=self.offset)


def blocks(parsed: Parsed, source: Source) -> Iterator[Block]:
    """Yield the blocks of a parsed text, without those not found in its lines."""
    spans = [source.span(each.start, each.end) for each in parsed.passages]
    for block in _blocks(parsed.tokens, source):
        first = bisect_right(spans, block.offset(0), key=itemgetter(1))
        last = bisect_left(
            spans, block.offset(len(block.content) - 1) + 1, key=itemgetter(0)
        )
        yield replace(block, passages=spans[first:last])


def _blocks(tokens: Sequence[Token], source: Source) -> Iterator[Block]:
    """Yield the blocks of tokens, without their passages."""
    cells: list[Token] = []
    for opening, token in pairwise(tokens):
        if token.type == "tr_close":
            yield from _row(cells, source)
            cells = []
        elif token.type == "inline" and opening.type in ("th_open", "td_open"):
            cells.append(token)
        elif token.type == "inline":
            yield from _lines(token, source, opening)


def _lines(token: Token, source: Source, opening: Token) -> Iterator[Block]:
    """Yield the block of a paragraph or a heading."""
    first, end = token.map or (0, 0)
    lines = token.content.split("\n")
    if len(lines) != end - first:
        return
    content_starts, source_starts, position = [], [], 0
    for number, line in enumerate(lines, start=first):
        indent = len(line) - len(line.lstrip(" \t"))
        # Only spaces or a heading's closing marks follow, so take the last match.
        column = source.lines[number].rfind(line[indent:])
        if column < 0:
            return
        content_starts.append(position + indent)
        source_starts.append(source.offset(number, column))
        position += len(line) + 1
    block = _block(token, content_starts, source_starts)
    yield replace(
        block,
        is_paragraph=opening.tag == "p",
        heading=first if opening.type == "heading_open" else None,
    )


def _row(cells: Sequence[Token], source: Source) -> Iterator[Block]:
    """Yield the blocks of a table row, without empty and surplus cells."""
    number = (cells[0].map or (0,))[0]
    line = source.lines[number]
    ends = [match.start() for match in _CELL_END.finditer(line)]
    spans = list(zip([0, *(end + 1 for end in ends)], [*ends, len(line)], strict=True))
    if _ROW_HEAD.fullmatch(line, *spans[0]):
        del spans[0]
    for cell, (start, end) in zip(cells, spans, strict=False):
        if cell.content and (found := _cell(line[start:end], cell.content)):
            content_starts, columns = found
            source_starts = [source.offset(number, start + each) for each in columns]
            yield _block(cell, content_starts, source_starts)


def _cell(raw: str, content: str) -> tuple[list[int], list[int]] | None:
    """Return where the parts of a cell between its escaped pipes start.

    Returns:
        Positions in the content and columns in the raw cell, or None where the cell
        does not end with the content.
    """
    bare = _ESCAPED_PIPE.sub("|", raw)
    head = bare.rfind(content)
    if head < 0 or bare[head + len(content) :].strip():
        return None
    pipes = [match.start() for match in _ESCAPED_PIPE.finditer(raw)]
    content_starts = [pipe - passed - head for passed, pipe in enumerate(pipes)]
    return [-head, *content_starts], [0, *(pipe + 1 for pipe in pipes)]


def _block(
    token: Token, content_starts: Sequence[int], source_starts: Sequence[int]
) -> Block:
    """Return the block of an inline token of a table cell."""
    return Block(
        content=token.content,
        steps=token.meta["steps"],
        is_paragraph=False,
        heading=None,
        passages=(),
        _content_starts=content_starts,
        _source_starts=source_starts,
    )
