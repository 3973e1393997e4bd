"""Passages: lines that are code in other dialects of Markdown, and words in CommonMark.

CommonMark may read a passage as several blocks, such as paragraphs and list items.
Therefore passages are found in the text itself, and cut out of its blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from markdown_it.token import Token

from demo_site.translation.formulas import DISPLAYED, is_formula
from demo_site.translation.protected import BRACES

_LINE = r"^(?:[ \t>]|[-*+][ \t]|[0-9]{1,9}[.)][ \t])*+"
_NAMES = r"(?:\{[^{}]*+\}|\*\s+as\s+[\w$]+)"
_CALLS = "chart|code|highlight|html|katex|latex|math|mermaid|plantuml|raw|rawhtml"
_STATEMENT = rf"(?:[^{{}}\n]|{BRACES}|\n(?![ \t]*(?:\n|\Z)))*+"
_PASSAGE = re.compile(
    rf"""
      # MDX: import and export, up to a blank line outside of braces.
      ^(?P<import>(?-i:import)[ \t]+(?:(?:type[ \t]+)?
        (?:[\w$]++(?:\s*,\s*{_NAMES})?|{_NAMES})\s+from\s*)?["']
        {_STATEMENT})
    | ^(?P<export>(?-i:export)[ \t]+(?:
        (?:default|const|let|var|function|class|async|type|interface|enum)\b|[{{*])
        {_STATEMENT})
    # Liquid and Jinja: code between two tags.
    | (?P<raw>\{{%-?[ ]*(?P<name>code|comment|highlight|raw|verbatim)\b
        (?:[^{{]|\{{(?!%-?[ ]*(?:end)?(?P=name)\b))*+\{{%-?[ ]*end(?P=name)[ ]*-?%\}})
    # Hugo: the same between two shortcodes.
    | (?P<shortcode>\{{\{{[<%][ ]*(?P<call>{_CALLS})\b
        (?:[^{{]|\{{(?!\{{[<%][ ]*/?(?P=call)\b))*+
        \{{\{{[<%][ ]*/(?P=call)[ ]*[>%]\}}\}})
    | {_LINE}(?:
        (?P<formula>{DISPLAYED})
      | (?P<comment>\{{/\*(?:[^*{{]|\*(?!/)|\{{(?!/\*))*+\*/\}})
      # JSX; its braces may contain blank lines.
      | (?P<tag><[a-z][\w.:-]*+(?=[\s/>])
          (?:[^<>{{}}"'`\n]|\n(?![ \t]*\n)|"[^"\n]*+"|'[^'\n]*+'|{BRACES})*+>)
      # Docusaurus, VitePress, Pandoc, MyST: a fence of colons and a keyword.
      | (?P<directive>:{{2,}}+[ \t]*+(?:\{{?+[a-z][\w-]*+\}}?+)?+)
          (?:(?<=\}})[^\n]*+                # behind the title MyST's options follow
            (?P<options>(?:\n[ \t>]*+:[a-z][\w-]*+:(?:[ \t][^\n]*+)?+$)++))?+
      # Python-Markdown: admonitions and tabs; their titles are words.
      | (?P<admonition>(?:!!!|\?\?\?\+?)[ \t]+[\w-]++(?:[ \t]+[\w-]++)*+[ \t]*+
          (?:"(?=[^"\n]*"[ \t]*$)|$)|===[!+]?[ \t]+"(?=[^"\n]*"[ \t]*$))
          (?:[^"\n]+(?P<quote>")[ \t]*$)?
      )
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_KINDS = (
    *("import", "export", "raw", "shortcode", "formula", "comment"),
    *("tag", "directive", "admonition"),
)
_CODE = frozenset({"code_block", "fence", "front_matter", "html_block"})


class Passage(NamedTuple):
    """A part of a text that must not change."""

    start: int
    end: int
    text: str


def passages(text: str, tokens: Iterable[Token]) -> list[Passage]:
    """Return the passages of a text outside of its code, in order.

    Args:
        text: Markdown with newlines as its only line ends.
        tokens: What the parser made of it.
    """
    return [
        Passage(start, end, text[start:end])
        for match in _PASSAGE.finditer(_mask(text, tokens))
        for start, end in _spans(match)
    ]


def _spans(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Return the spans of a match; a title lies between two of them."""
    kind = next(kind for kind in _KINDS if match[kind] is not None)
    if kind != "formula" or is_formula(match[kind]):
        yield match.span(kind)
    for rest in ("options", "quote"):
        if match[rest]:
            yield match.span(rest)


def _mask(text: str, tokens: Iterable[Token]) -> str:
    """Return the text with blanks in place of its code."""
    lines = text.split("\n")
    for token in tokens:
        if token.type in _CODE and token.map:
            for number in range(*token.map):
                lines[number] = " " * len(lines[number])
    return "\n".join(lines)
