"""Segments: words that an engine translates, and marks between them that stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from demo_site.translation.blocks import Block
from demo_site.translation.cuts import Cut, Side, cuts
from demo_site.translation.placeholders import placeholder, tear
from demo_site.translation.protected import is_plain
from demo_site.translation.spacing import space
from demo_site.translation.spelling import compose, respell

# From a syllabic script to an alphabet a text can grow fourfold.
_LONGEST_FACTOR = 8
_LONGEST_EXTRA = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A part between words that must not change."""

    source: str = field(repr=False)
    """Its text in the document."""

    content: str = field(repr=False)
    """Its text in the block's content, where lines have no prefixes."""

    left: Side
    right: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A block from its first word to its last."""

    start: int
    """The offset of its first character in the document."""

    end: int
    """The offset behind its last character."""

    before: str = field(repr=False)
    """The block's content before it."""

    after: str = field(repr=False)
    """The block's content after it."""

    words: tuple[str, ...] = field(repr=False)
    """The words around the marks, one string more than there are marks."""

    marks: tuple[Mark, ...]

    first: int
    """The number of the first mark's placeholder; numbers continue in a document."""

    is_paragraph: bool
    """Whether a line of it could start another block."""

    @property
    def text(self) -> str:
        """What an engine gets: the words, composed, and a placeholder for each mark."""
        return compose(self._spelled)

    @property
    def _spelled(self) -> str:
        """The text as the document spells it."""
        parts = [self.words[0]]
        for number, (mark, words) in enumerate(
            zip(self.marks, self.words[1:], strict=True), start=self.first
        ):
            if mark.left is Side.LINE:
                parts[-1] = parts[-1].rstrip() + " "
            parts.append(placeholder(number))
            parts.append(" " + words.lstrip() if mark.right is Side.LINE else words)
        return "".join(parts).strip()

    def fit(self, answer: str) -> tuple[str, ...] | None:
        """Return the words of an engine's answer, spaced like the original.

        Returns:
            One string for each of `words`; None if the answer is unusable: it lost,
            doubled or moved placeholders, is empty or far too long, or contains
            something that a split would have protected.
        """
        if len(answer) > _LONGEST_FACTOR * len(self.text) + _LONGEST_EXTRA:
            return None
        if answer == self.text:
            return self.words
        words, numbers = tear(respell(answer, self._spelled).strip())
        expected = range(self.first, self.first + len(self.marks))
        if numbers != list(expected) or not any(map(_is_said, words)):
            return None
        if not all(is_plain(each.strip()) for each in words):
            return None
        return tuple(map(space, self.words, words, self._lefts(), self._rights()))

    def _lefts(self) -> list[Side]:
        """Return the kind of white space to the left of each of the words."""
        return [Side.TIGHT, *(mark.right for mark in self.marks)]

    def _rights(self) -> list[Side]:
        """Return the kind of white space to the right of each of the words."""
        return [*(mark.left for mark in self.marks), Side.TIGHT]

    def source(self, words: Sequence[str]) -> str:
        """Return the document between start and end with these words."""
        marks = [mark.source for mark in self.marks]
        return "".join(map("".join, zip(words, [*marks, ""], strict=True)))

    def content(self, words: Sequence[str]) -> str:
        """Return the content of the whole block with these words."""
        marks = [mark.content for mark in self.marks]
        inner = "".join(map("".join, zip(words, [*marks, ""], strict=True)))
        return self.before + inner + self.after


def _is_said(words: str) -> bool:
    """Return whether there is a letter or a digit."""
    return any(map(str.isalnum, words))


def _is_language(words: str) -> bool:
    """Return whether there is a letter."""
    return any(map(str.isalpha, words))


def segment(block: Block, source: str, first: int) -> Segment | None:
    """Return the segment of a block, or None if its words have no letter.

    Args:
        block: A block of the document.
        source: The document.
        first: The number of the next placeholder.
    """
    spans, marks = _trim(block.content, cuts(block))
    words = [block.content[start:end] for start, end in spans]
    places = _places(block, spans, marks)
    found = [source[start:end] for start, end in places]
    if words != found or not any(map(_is_language, words)):
        return None
    return Segment(
        start=places[0][0],
        end=places[-1][1],
        before=block.content[: spans[0][0]],
        after=block.content[spans[-1][1] :],
        words=tuple(words),
        marks=tuple(
            Mark(
                source=source[before[1] : after[0]],
                content=block.content[cut.start : cut.end],
                left=cut.left,
                right=cut.right,
            )
            for cut, before, after in zip(marks, places, places[1:], strict=False)
        ),
        first=first,
        is_paragraph=block.is_paragraph,
    )


def _trim(content: str, marks: list[Cut]) -> tuple[list[tuple[int, int]], list[Cut]]:
    """Return the spans of words and the cuts between, without signs at the ends."""
    starts = [0, *(cut.end for cut in marks)]
    ends = [*(cut.start for cut in marks), len(content)]
    first, last = 0, len(marks)
    while first < last and _is_outside(
        content[starts[first] : ends[first]], marks[first]
    ):
        first += 1
    while first < last and _is_outside(
        content[starts[last] : ends[last]], marks[last - 1]
    ):
        last -= 1
    spans = list(zip(starts[first : last + 1], ends[first : last + 1], strict=True))
    start, end = spans[0]
    spans[0] = end - len(content[start:end].lstrip()), end
    start, end = spans[-1]
    spans[-1] = start, start + len(content[start:end].rstrip())
    return spans, marks[first:last]


def _is_outside(words: str, cut: Cut) -> bool:
    """Return whether an end of the block is only blank and a sign."""
    return not cut.is_noun and not words.strip()


def _places(
    block: Block, spans: list[tuple[int, int]], marks: list[Cut]
) -> list[tuple[int, int]]:
    """Return the spans in the document; an empty one is placed beside its cut."""
    places = [
        (block.offset(start), block.offset(end - 1) + 1) if start < end else (-1, -1)
        for start, end in spans
    ]
    if marks and spans[0][0] == spans[0][1]:
        places[0] = (block.offset(marks[0].start),) * 2
    if marks and spans[-1][0] == spans[-1][1]:
        places[-1] = (block.offset(marks[-1].end - 1) + 1,) * 2
    return places
