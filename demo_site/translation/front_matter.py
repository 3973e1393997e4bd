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
_CONTINUED = r"(?:[ \t]+\S.*(?:\n|\Z))*+"
_BLANK = r"(?=[ \t]*(?:\n|\Z))"
# Pandoc: a title, authors and a date, each after a percent sign.
_TITLE_BLOCK = re.compile(rf"(?:%(?:[ \t].*)?(?:\n|\Z){_CONTINUED}){{1,3}}+{_BLANK}")
# MultiMarkdown and Python-Markdown: keys and values, up to a blank line.
_HEADERS = re.compile(
    rf"(?:[a-z0-9][\w -]*+:(?:[ \t].*)?(?:\n|\Z){_CONTINUED})++{_BLANK}",
    re.IGNORECASE,
)
# Prose may begin with "Date: …" as well, so one of the headers must be among these.
_HEADER = re.compile(
    r"""^(?:
      title | authors? | css | slug | layout | tags | keywords | quotes[ ]?language
      | (?:base|html|latex|odf|xhtml)[ ]?header(?:[ ]?level)?
      | latex[ ]?(?:config|footer|input|leader|mode)
    )[ ]*:""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
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
    if found := _FENCED.match(text) or _TITLE_BLOCK.match(text):
        return found.end()
    return _json_end(text) if _BARE.match(text) else _headers_end(text)


def _headers_end(text: str) -> int:
    """Return where the headers at the head of a text end, or 0."""
    found = _HEADERS.match(text)
    return found.end() if found and _HEADER.search(found[0]) else 0


def _json_end(text: str) -> int:
    """Return where the JSON object at the head of a text ends with its line, or 0."""
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return 0
    rest = _LINE_END.match(text, end)
    return rest.end() if rest else 0
