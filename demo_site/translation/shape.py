"""The shape of Markdown: all that a parser says of it, but for its words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from demo_site.translation.formulas import formulas
from demo_site.translation.parser import Parsed
from demo_site.translation.protected import structure

Shape = tuple[object, ...]
"""Equal for texts that differ in their words alone; nothing else is promised."""


def shape(parsed: Parsed) -> Shape:
    """The shape of a parsed text.

    Blocks with their lines, code, HTML and front matter to the letter; links with
    their targets, images, entities, escapes and breaks in order; bare URLs and signs
    as they are written; which links and blocks have words; what is defined.
    """
    references = parsed.definitions.references.maps[0]
    return (
        tuple(map(_block, parsed.tokens)),
        tuple(
            (label, each["href"], each["title"]) for label, each in references.items()
        ),
        tuple(parsed.definitions.footnotes.maps[0]),
        tuple(passage.text for passage in parsed.passages),
    )


def _block(token: Token) -> Shape:
    """What one block token says."""
    lines = tuple(token.map or ())
    if token.type != "inline":
        return *_common(token), lines, token.hidden
    children = token.children or []
    found = (*structure(token.content), *formulas(token.content, token.meta["steps"]))
    signs = tuple(match[0] for match in found)
    return lines, any(map(_is_worded, children)), tuple(_inline(children)), signs


def _inline(tokens: Sequence[Token]) -> Iterator[Shape]:
    """What the tokens of a block's content say, but for its words."""
    is_worded = False
    for token in tokens:
        if token.type == "text":
            is_worded |= _is_worded(token)
        elif token.type == "link_close":
            yield *_common(token), is_worded
        else:
            yield _common(token)
            is_worded &= token.type != "link_open"


def _is_worded(token: Token) -> bool:
    """Whether it is text with a letter or a digit."""
    return token.type == "text" and any(map(str.isalnum, token.content))


def _common(token: Token) -> Shape:
    """What both kinds of token say."""
    return (
        token.type,
        token.tag,
        token.nesting,
        token.markup,
        token.info,
        tuple(sorted(token.attrs.items())),
        token.meta.get("label"),
        token.content,
    )
