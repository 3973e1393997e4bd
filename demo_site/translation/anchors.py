"""Anchors: what keeps links to a heading working once its words are translated.

Sites make a heading's id from its words. Where a link leads to that id, the translated
heading gets it as an id of its own; or the links of the document follow the heading to
the id that is made from its new words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from demo_site.translation.blocks import Block
from demo_site.translation.headings import ids_of
from demo_site.translation.links import fragments, rename
from demo_site.translation.parser import Parsed, parse
from demo_site.translation.source import read

_EXPLICIT = re.compile(r"\{:?[ \t]*#[\w:.-]+[^{}]*\}$")
_ID = re.compile(r"""\b(?:id|name)=["']?([\w-]+)""", re.IGNORECASE)
_NAME = re.compile(r"[\w-]+")
_HTML = frozenset({"html_block", "html_inline"})


class Anchor(NamedTuple):
    """A heading's id, to be put in beside its translated words."""

    offset: int
    """Where in the document."""

    text: str
    """The id as the document writes it."""

    name: str
    """The id."""

    line: int
    """The line that the heading starts on."""

    family: int
    """Which of the heading's `Ids` it is."""

    is_fixed: bool
    """Whether other documents link to it."""


def anchors(
    parsed: Parsed, blocks: Sequence[Block], linked: Collection[str]
) -> dict[int, Anchor]:
    """Return the anchors of the headings that links lead to.

    Args:
        parsed, blocks: A document.
        linked: The ids that other documents link to.

    Returns:
        By the index of the block. An anchor is written as ``{#id}`` where the document
        writes ids so itself, else in HTML, which every site understands.
    """
    headings = {i: each for i, each in enumerate(blocks) if each.heading is not None}
    has_ids = any(_EXPLICIT.search(each.content) for each in headings.values())
    targets = {*fragments(parsed), *linked} - _written(parsed)
    ids = ids_of(parsed.tokens)
    found = {}
    for index, block in headings.items():
        line = block.heading or 0
        names = [
            (name, family)
            for family, name in enumerate(ids[line])
            if name in targets and _NAME.fullmatch(name)
        ]
        if names and not _EXPLICIT.search(block.content):
            name, family = names[0]
            offset, text = _written_in(block, name, has_ids=has_ids)
            found[index] = Anchor(offset, text, name, line, family, name in linked)
    return found


def follow(
    text: str, anchors: Sequence[Anchor]
) -> tuple[Mapping[str, str], list[Anchor]]:
    """Return how the links of a translation follow its headings, and which do not.

    Args:
        text: The translation, without anchors.
        anchors: Those of the headings whose words have changed.

    Returns:
        The new ids by the old ones, and the anchors that are needed nevertheless:
        other documents link to them, a link is written in an unusual way, or the new
        words give no id.
    """
    parsed = parse(read(text).text)
    ids = ids_of(parsed.tokens)
    moved = {a.name: ids[a.line][a.family] for a in anchors if not a.is_fixed}
    moved = {old: new for old, new in moved.items() if _NAME.fullmatch(new)}
    followed = parse(read(rename(text, moved)).text)
    links = zip(fragments(parsed), fragments(followed), strict=True)
    left = {before for before, after in links if after != moved.get(before)}
    moved = {old: new for old, new in moved.items() if old not in left}
    return moved, [a for a in anchors if a.is_fixed or a.name in left]


def _written_in(block: Block, name: str, *, has_ids: bool) -> tuple[int, str]:
    """Return where a heading gets an id, and how: behind its words, or in HTML."""
    if has_ids:
        end = block.offset(len(block.content) - 1) + 1
        return end, f" {{#{name}}}"
    return block.offset(0), f'<a id="{name}"></a>'


def _written(parsed: Parsed) -> set[str]:
    """Return the ids that a document writes in HTML itself."""
    tokens = [
        each for token in parsed.tokens for each in (token, *(token.children or ()))
    ]
    return {
        *_ID.findall(" ".join(each.content for each in tokens if each.type in _HTML))
    }
