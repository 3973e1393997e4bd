"""The shape of Markdown: what a parser finds in it, except its words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from demo_site.translation.formulas import formulas
from demo_site.translation.parser import Parsed
from demo_site.translation.protected import structure

Shape = tuple[object, ...]
"""Equal if texts differ in their words only; it has no other use."""


def shape(parsed: Parsed) -> Shape:
    """Return the shape of a parsed text.

    It contains blocks with their lines; code, HTML, front matter, passages, formulas,
    bare URLs and signs as written; links with their targets, images, entities, escapes
    and breaks in order; which links and blocks have words; and all definitions.
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
    """Return the shape of a block token."""
    lines = tuple(token.map or ())
    if token.type != "inline":
        return *_common(token), lines, token.hidden
    children = token.children or []
    found = (*structure(token.content), *formulas(token.content, token.meta["steps"]))
    signs = tuple(match[0] for match in found)
    return lines, any(map(_is_worded, children)), tuple(_inline(children)), signs


def _inline(tokens: Sequence[Token]) -> Iterator[Shape]:
    """Yield the shapes of inline tokens."""
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
    """Return whether the token is text with a letter or a digit."""
    return token.type == "text" and any(map(str.isalnum, token.content))


def _common(token: Token) -> Shape:
    """Return what the shapes of both kinds of token have in common."""
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
