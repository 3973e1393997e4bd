"""Links within a document: where they lead, and how they follow a heading's new id."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, unquote

from markdown_it.token import Token

from demo_site.translation.blocks import blocks
from demo_site.translation.parser import Parsed, parse
from demo_site.translation.source import Source, read

_ID = r"#(?P<id>[^\s\"'<>()\[\]#]+)"
_TARGET = re.compile(rf"\]\(\s*<?{_ID}")
_HREF = re.compile(rf"\bhref=[\"']?{_ID}", re.IGNORECASE)
_DEFINITION = re.compile(rf"^[ \t>*+\d.)-]*\[[^\]]+\]:\s*<?{_ID}", re.MULTILINE)
_HTML = frozenset({"html_block", "html_inline"})
# Where there are no definitions: they leave no token.
_LEAVES = ("inline", "code_block", "fence", "front_matter", "html_block", "table_open")


def fragments(parsed: Parsed) -> list[str]:
    """Return the ids that the links of a document lead to, decoded, in order."""
    found = []
    for token in parsed.tokens:
        for each in (token, *(token.children or ())):
            href = str(each.attrs.get("href", ""))
            if href.startswith("#"):
                found.append(unquote(href[1:]))
            if each.type in _HTML:
                found += [unquote(m["id"]) for m in _HREF.finditer(each.content)]
    return found


def rename(text: str, ids: Mapping[str, str]) -> str:
    """Return a text with the links to these ids led to their new ones.

    Args:
        text: Any document.
        ids: The new id by the old one.
    """
    source = read(text)
    parts: list[str] = []
    end = 0
    for start, stop in sorted(set(_places(parse(source.text), source))):
        old = text[start:stop]
        if new := ids.get(unquote(old)):
            parts += text[end:start], new if unquote(old) == old else quote(new)
            end = stop
    return "".join([*parts, text[end:]])


def _places(parsed: Parsed, source: Source) -> Iterator[tuple[int, int]]:
    """Yield the spans of the ids in links, definitions and HTML."""
    for block in blocks(parsed, source):
        for step in block.steps:
            pattern = _HREF if step.rule == "html_inline" else _TARGET
            if step.rule in ("html_inline", "link_close"):
                for match in pattern.finditer(block.content, step.start, step.end):
                    start, end = match.span("id")
                    yield block.offset(start), block.offset(end - 1) + 1
    for pattern, numbers in (
        (_HREF, _lines(parsed.tokens, "html_block")),
        (_DEFINITION, set(range(len(source.lines))) - _lines(parsed.tokens, *_LEAVES)),
    ):
        for match in pattern.finditer(_only(numbers, source)):
            yield source.span(*match.span("id"))


def _lines(tokens: Sequence[Token], *types: str) -> set[int]:
    """Return the numbers of the lines of these types of token."""
    found = (each.map for each in tokens if each.type in types and each.map)
    return {number for first, end in found for number in range(first, end)}


def _only(numbers: set[int], source: Source) -> str:
    """Return what the parser read with blanks in place of all other lines."""
    return "\n".join(
        line if number in numbers else " " * len(line)
        for number, line in enumerate(source.lines)
    )
