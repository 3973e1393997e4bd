"""Front matter: the data at the head of a document, before its Markdown."""

import json
import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

_FENCED = re.compile(
    r"""
      (?P<dashes>-{3,}+).*\n                  # YAML, and gray-matter's "---toml"
      (?:.*\n)*?
      (?:[ ]{0,3}(?P=dashes)-*|\.\.\.)[ \t]*(?:\n|\Z)
    | (?P<signs>\+\+\+|;;;)[ \t]*\n            # TOML as Hugo has it, JSON
      (?:.*\n)*?
      (?P=signs)[ \t]*(?:\n|\Z)
    """,
    re.VERBOSE,
)
_BARE = re.compile(r'\{\s*["}]')
_LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")


def front_matter_plugin(parser: MarkdownIt) -> None:
    """Read front matter at the head of a text as one hidden token."""
    parser.block.ruler.before("table", "front_matter", _front_matter)


def _front_matter(state: StateBlock, line: int, end_line: int, silent: bool) -> bool:
    """Take the front matter's lines; it is a rule of markdown-it's block parser."""
    # A part of a document is parsed by itself too; it has no head.
    if line or state.level or state.env.get("is_part"):
        return False
    if not (end := front_matter_end(state.src)):
        return False
    content = state.src[:end]
    token = state.push("front_matter", "", 0)
    token.hidden = token.block = True
    token.content = content
    state.line = content.count("\n") + (not content.endswith("\n"))
    token.map = [0, state.line]
    return True


def front_matter_end(text: str) -> int:
    r"""Return the offset at which the front matter of a text ends; 0 if it has none.

    Args:
        text: Has ``\n`` as its only line ends and no byte order mark.
    """
    if fenced := _FENCED.match(text):
        return fenced.end()
    return _json_end(text) if _BARE.match(text) else 0


def _json_end(text: str) -> int:
    """Return where the JSON object at the head of a text ends with its line, or 0."""
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return 0
    rest = _LINE_END.match(text, end)
    return rest.end() if rest else 0
