"""Anchors: what keeps links to a heading working once its words are translated.

Sites make a heading's id from its words. Where another part of the document links to
that id, the translated heading gets it as an id of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

from markdown_it.token import Token

from demo_site.translation.blocks import Block
from demo_site.translation.parser import Parsed

_EXPLICIT = re.compile(r"\{:?[ \t]*#[\w:.-]+[^{}]*\}$")
_HREF = re.compile(r"""\bhref=["']?#([\w%-]+)""", re.IGNORECASE)
_ID = re.compile(r"""\b(?:id|name)=["']?([\w-]+)""", re.IGNORECASE)
_NAME = re.compile(r"[\w-]+")
_HTML = frozenset({"html_block", "html_inline"})


class Anchor(NamedTuple):
    """A heading's id, to be put in beside its translated words."""

    offset: int
    """Where in the document."""

    text: str
    """The id as the document writes it."""


def anchors(parsed: Parsed, blocks: Sequence[Block]) -> dict[int, Anchor]:
    """Return the anchors of the headings that a document's own links lead to.

    Returns:
        By the index of the block. An anchor is written as ``{#id}`` where the document
        writes ids so itself, else in HTML, which every site understands.
    """
    headings = {i: each for i, each in enumerate(blocks) if each.heading is not None}
    has_ids = any(_EXPLICIT.search(each.content) for each in headings.values())
    targets, seen = _targets(parsed), Counter[str]()
    found = {}
    for index, block in headings.items():
        names = [_numbered(slug, seen) for slug in _slugs(block.heading or "")]
        linked = [name for name in names if name in targets and _NAME.fullmatch(name)]
        if linked and not _EXPLICIT.search(block.content):
            found[index] = _anchor(block, linked[0], has_ids=has_ids)
    return found


def _anchor(block: Block, name: str, *, has_ids: bool) -> Anchor:
    """Return the anchor of a heading: behind its words, or before them in HTML."""
    if has_ids:
        end = block.offset(len(block.content) - 1) + 1
        return Anchor(end, f" {{#{name}}}")
    return Anchor(block.offset(0), f'<a id="{name}"></a>')


def _targets(parsed: Parsed) -> set[str]:
    """Return the ids that a document links to and does not write in HTML itself."""
    tokens = [each for token in parsed.tokens for each in (token, *_children(token))]
    hrefs = [str(each.attrs.get("href", "")) for each in tokens]
    html = " ".join(each.content for each in tokens if each.type in _HTML)
    linked = [href[1:] for href in hrefs if href.startswith("#")]
    return {*map(unquote, linked + _HREF.findall(html))} - {*_ID.findall(html)}


def _children(token: Token) -> Sequence[Token]:
    """Return the inline tokens of a block token."""
    return token.children or ()


def _slugs(text: str) -> list[str]:
    """Return a heading's id as GitHub makes it, and as Python-Markdown does."""
    words = re.sub(r"[^\w\- ]", "", text.strip().lower())
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return list(
        dict.fromkeys([words.replace(" ", "-"), re.sub(r"[-\s]+", "-", plain.strip())])
    )


def _numbered(slug: str, seen: Counter[str]) -> str:
    """Return the id of the next heading with a slug: the second one ends with -1."""
    seen[slug] += 1
    return f"{slug}-{seen[slug] - 1}" if seen[slug] > 1 else slug
