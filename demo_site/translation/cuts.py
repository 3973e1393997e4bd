"""Where the content of a block is not words: the cuts between which words stand."""

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
# Beside the sentence, not in it: boxes, alerts, tags, and a heading's id or class.
_SIGN = re.compile(r"\[[ xX!]|</?[a-zA-Z]|\{[#.:]")
# Between two letters they are a part of the word, not a sign between words.
_INNER_SIGNS = "'\u2019_&"


class Side(Enum):
    """What the white space on one side of a mark means."""

    FREE = "free"
    """Nothing: it follows the words, ``see `x`, and`` or ``see `x` and``."""

    TIGHT = "tight"
    """Markdown reads it, as inside of emphasis: the original's stands."""

    LINE = "line"
    """A line ends or starts: the original's stands, an engine sees a space."""


class Cut(NamedTuple):
    """A span of a block's content that no engine sees."""

    start: int
    end: int
    left: Side
    right: Side

    is_noun: bool
    """Whether it is a part of the sentence."""


def cuts(block: Block) -> list[Cut]:
    """The cuts of a block in order, none touching the next."""
    found = [
        *(_of_step(step, block.content) for step in block.steps if step.rule != "text"),
        *_code_elements(block),
        *_broken_words(block),
        *(_noun(*match.span()) for match in names(block.content)),
        *(_noun(*match.span()) for match in formulas(block.content, block.steps)),
        *_passages(block),
        *map(_of_match, structure(block.content)),
    ]
    # The sort is stable: where spans start together, what the parser said is first.
    found.sort(key=lambda cut: cut.start)
    return _merged(found)


def _merged(found: Sequence[Cut]) -> list[Cut]:
    """Cuts that touch or overlap as one; what lies inside another adds nothing."""
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
    """A cut that is a part of the sentence."""
    return Cut(start, end, Side.FREE, Side.FREE, True)


def _of_match(match: re.Match[str]) -> Cut:
    """The cut of protected structure; single characters and boxes are only signs."""
    is_sign = len(match[0]) == 1 or _SIGN.match(match[0]) is not None
    return _noun(*match.span())._replace(is_noun=not is_sign)


def _passages(block: Block) -> Iterator[Cut]:
    """The cuts of passages; they stand beside sentences."""
    for passage in block.passages:
        start, end = map(block.position, passage)
        if start < end:
            yield _noun(start, end)._replace(is_noun=False)


def _of_step(step: Step, content: str) -> Cut:
    """The cut of what a rule took."""
    left, right = _sides(step, content[step.start : step.end])
    is_noun = step.rule in _NOUNS
    return Cut(step.start, step.end, left, right, is_noun)


_NOUNS = frozenset({"autolink", "backticks", "footnote_ref", "image", "link"})


def _sides(step: Step, taken: str) -> tuple[Side, Side]:
    """What white space means on both sides of what a rule took."""
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
            opens = _opened(taken) is not None
            closes = _CLOSING_TAG.match(taken) is not None
    return Side.TIGHT if closes else Side.FREE, Side.TIGHT if opens else Side.FREE


def _opened(tag: str) -> str | None:
    """The name of the element that an inline tag opens."""
    found = _OPENING_TAG.match(tag)
    name = found[1].lower() if found else None
    return None if name in _VOID else name


def _code_elements(block: Block) -> Iterator[Cut]:
    """Inline HTML elements whose content is no language, tags included."""
    opened: tuple[str, int] | None = None
    for step in block.steps:
        if step.rule != "html_inline":
            continue
        tag = block.content[step.start : step.end]
        if opened is None and (name := _opened(tag)) in _CODE:
            opened = name or "", step.start
        elif opened and tag.lower().startswith(f"</{opened[0]}"):
            yield _noun(opened[1], step.end)
            opened = None


def _broken_words(block: Block) -> Iterator[Cut]:
    """Words with a sign inside, as in ``snake_case`` and ``caf&eacute;``, whole."""
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
    """Whether what a rule took is a letter or a sign inside of a word."""
    taken = content[step.start : step.end]
    if step.rule == "entity":
        return all(map(_is_of_word, html.unescape(taken)))
    if step.rule == "escape":
        return all(map(_is_of_word, taken[1:]))
    is_mark = any(token.nesting for token in step.tokens)
    return step.rule == "emphasis" and taken[0] == "_" and not is_mark


def _is_of_word(character: str) -> bool:
    """Whether the character may stand in the middle of a word."""
    is_letter = character.isalnum() or bool(combining(character))
    return is_letter or character in _INNER_SIGNS
