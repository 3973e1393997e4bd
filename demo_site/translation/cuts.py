"""Cuts: the parts of a block's content that are not words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple
from unicodedata import combining

from demo_site.translation.blocks import Block
from demo_site.translation.formulas import formulas
from demo_site.translation.protected import names, structure
from demo_site.translation.steps import Step

_OPENING_TAG = re.compile(r"<([a-z][a-z0-9-]*)(?![^>]*/>$)", re.IGNORECASE)
_CLOSING_TAG = re.compile(r"</([a-z][a-z0-9-]*)", re.IGNORECASE)
_VOID = frozenset({"br", "hr", "img", "input", "source", "wbr"})
_CODE = frozenset(
    {"code", "kbd", "math", "pre", "samp", "script", "style", "svg", "var"}
)
# No part of a sentence: task boxes, alerts, tags, and a heading's id or class.
_SIGN = re.compile(r"\[[ xX!]|</?[a-zA-Z]|\{[#.:]")
# Between two letters these are a part of the word.
_INNER_SIGNS = "'\u2019_&"


class Side(Enum):
    """How white space on one side of a cut is treated."""

    FREE = "free"
    """It follows the words: ``see `x`, and`` or ``see `x` and``."""

    TIGHT = "tight"
    """It matters to Markdown, as inside emphasis: the original's is kept."""

    LINE = "line"
    """A line ends or starts: the original's is kept, an engine gets a space."""


class Cut(NamedTuple):
    """A span of a block's content that is not sent to an engine."""

    start: int
    end: int
    left: Side
    right: Side

    is_noun: bool
    """Whether it is a part of the sentence, as code is."""


def cuts(block: Block) -> list[Cut]:
    """Return the cuts of a block, in order, with words between them."""
    found = [
        *(_of_step(step, block.content) for step in block.steps if step.rule != "text"),
        *_code_elements(block),
        *_broken_words(block),
        *(_noun(*match.span()) for match in names(block.content)),
        *(_noun(*match.span()) for match in formulas(block.content, block.steps)),
        *_passages(block),
        *map(_of_match, structure(block.content)),
    ]
    # The sort is stable: of spans that start together, the parser's comes first.
    found.sort(key=lambda cut: cut.start)
    return _merge(found)


def _merge(found: Sequence[Cut]) -> list[Cut]:
    """Return cuts with those that touch or overlap merged."""
    merged: list[Cut] = []
    for cut in found:
        last = merged[-1] if merged else None
        if last is None or cut.start > last.end:
            merged.append(cut)
        elif cut.end > last.end:
            merged[-1] = last._replace(
                end=cut.end, right=cut.right, is_noun=last.is_noun or cut.is_noun
            )
    return merged


def _noun(start: int, end: int) -> Cut:
    """Return a cut that is a part of the sentence."""
    return Cut(start, end, Side.FREE, Side.FREE, True)


def _of_match(match: re.Match[str]) -> Cut:
    """Return the cut of protected structure; single characters are no nouns."""
    is_sign = len(match[0]) == 1 or _SIGN.match(match[0]) is not None
    return _noun(*match.span())._replace(is_noun=not is_sign)


def _passages(block: Block) -> Iterator[Cut]:
    """Yield the cuts of passages, which are no part of a sentence."""
    for passage in block.passages:
        start, end = map(block.position, passage)
        if start < end:
            yield _noun(start, end)._replace(is_noun=False)


def _of_step(step: Step, content: str) -> Cut:
    """Return the cut of what an inline rule matched."""
    left, right = _sides(step, content[step.start : step.end])
    is_noun = step.rule in _NOUNS
    return Cut(step.start, step.end, left, right, is_noun)


_NOUNS = frozenset({"autolink", "backticks", "footnote_ref", "image", "link"})


def _sides(step: Step, taken: str) -> tuple[Side, Side]:
    """Return how white space on both sides of a step is treated."""
    opens = closes = False
    match step.rule:
        case "newline":
            return Side.LINE, Side.LINE
        case "escape" if "\n" in taken:
            return Side.LINE, Side.LINE
        case "link_open":
            opens = True
        case "link_close":
            closes = True
        case "emphasis" | "strikethrough":
            opens = any(token.nesting == 1 for token in step.tokens)
            closes = any(token.nesting == -1 for token in step.tokens)
        case "html_inline":
            opens = _opened_element(taken) is not None
            closes = _CLOSING_TAG.match(taken) is not None
    return Side.TIGHT if closes else Side.FREE, Side.TIGHT if opens else Side.FREE


def _opened_element(tag: str) -> str | None:
    """Return the name of the element that an inline tag opens, if any."""
    found = _OPENING_TAG.match(tag)
    name = found[1].lower() if found else None
    return None if name in _VOID else name


def _code_elements(block: Block) -> Iterator[Cut]:
    """Yield inline HTML elements whose content is code, with their tags."""
    opened: tuple[str, int] | None = None
    for step in block.steps:
        if step.rule != "html_inline":
            continue
        tag = block.content[step.start : step.end]
        if opened is None and (name := _opened_element(tag)) in _CODE:
            opened = name or "", step.start
        elif opened and tag.lower().startswith(f"</{opened[0]}"):
            yield _noun(opened[1], step.end)
            opened = None


def _broken_words(block: Block) -> Iterator[Cut]:
    """Yield whole words with a sign in them: ``snake_case``, ``caf&eacute;``."""
    content, end = block.content, 0
    for step in block.steps:
        if step.end <= end or not _joins(step, content):
            continue
        start, end = step.start, step.end
        while start and _is_of_word(content[start - 1]):
            start -= 1
        while end < len(content) and _is_of_word(content[end]):
            end += 1
        if end - start > step.end - step.start:
            yield _noun(start, end)


def _joins(step: Step, content: str) -> bool:
    """Return whether what a rule matched is a letter or a sign within a word."""
    taken = content[step.start : step.end]
    if step.rule == "entity":
        return all(map(_is_of_word, html.unescape(taken)))
    if step.rule == "escape":
        return all(map(_is_of_word, taken[1:]))
    is_mark = any(token.nesting for token in step.tokens)
    return step.rule == "emphasis" and taken[0] == "_" and not is_mark


def _is_of_word(character: str) -> bool:
    """Return whether a character can be in the middle of a word."""
    is_letter = character.isalnum() or bool(combining(character))
    return is_letter or character in _INNER_SIGNS
