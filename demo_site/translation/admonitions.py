"""Admonitions and tabs of Python-Markdown: what is indented below them is text.

CommonMark reads indented lines behind a blank line as code.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

_TITLE = re.compile(
    r"""(?:
      (?:!!!|\?\?\?\+?)[ \t]+[\w-]+(?:[ \t]+[\w-]+)*[ \t]*(?:"[^"\n]*")?
      | ===[!+]?[ \t]+"[^"\n]+"
    )[ \t]*(?:\n|\Z)""",
    re.VERBOSE,
)
_INDENT = 4


def admonitions_plugin(parser: MarkdownIt) -> None:
    """Read what is indented below a title as blocks of text."""
    parser.block.ruler.before("code", "admonition", _body)


def _body(state: StateBlock, line: int, end_line: int, silent: bool) -> bool:
    """Take the lines of a body; it is a rule of markdown-it's block parser."""
    if not state.is_code_block(line) or not _is_below_title(state):
        return False
    end = last = line + 1
    while end < end_line and (state.isEmpty(end) or state.is_code_block(end)):
        end += 1
        last = last if state.isEmpty(end - 1) else end
    token = state.push("admonition_open", "", 1)
    token.map = [line, last]
    maximum, state.lineMax = state.lineMax, last
    state.blkIndent += _INDENT
    state.md.block.tokenize(state, line, last)
    state.blkIndent -= _INDENT
    state.lineMax = maximum
    state.push("admonition_close", "", -1)
    state.line = last
    return True


def _is_below_title(state: StateBlock) -> bool:
    """Return whether the block before is a paragraph that begins with a title."""
    before = state.tokens[-2:]
    if len(before) < 2 or before[1].type != "paragraph_close":
        return False
    return _TITLE.match(before[0].content) is not None
