"""Splits Markdown into texts for an engine, and joins their translations.

    document = split(source)
    translated = document.join(await engine.translate(document.texts, "en", "es"))

Nothing is rendered: only the words that the engine translated change, every other
byte stays. ``split(source).join(split(source).texts) == source`` for every string.
Code, formulas, link targets and titles, images, definitions, footnote marks, URLs,
HTML, JSX, front matter, table structure, task boxes, entities, escapes, breaks and
emphasis marks are never sent; `placeholders` stand for them. A text keeps its original
if its translation would change the structure of the document. Nothing is added but the
old ids of translated headings (`anchors`).

This is pure computation, a few milliseconds per kilobyte: call it in a thread for long
documents. No record shows its text in its `repr`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from demo_site.translation.anchors import Anchor, anchors, follow
from demo_site.translation.blocks import Block, blocks
from demo_site.translation.links import rename
from demo_site.translation.parser import Definitions, parse, parse_inline
from demo_site.translation.segments import Segment, segment
from demo_site.translation.shape import Shape, shape
from demo_site.translation.sieve import sift
from demo_site.translation.source import read

# Words by the index of their segment, in ascending order.
_Answers = Mapping[int, tuple[str, ...]]

# How often the whole document is parsed to find bad answers. Few get this far: sound
# in their block and not in the document, as dashes that open front matter.
_CHECKS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """A translated document."""

    text: str = field(repr=False)
    """The Markdown."""

    kept: int
    """Number of texts that kept their original because of an unusable answer."""

    total: int
    """Number of texts in the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A Markdown document and its texts, made by `split`. Threads may share it."""

    source: str = field(repr=False)
    """The original document."""

    segments: tuple[Segment, ...]
    """Its texts and their places, in order."""

    shape: Shape = field(repr=False)
    """Its structure as parsed, without words."""

    definitions: Definitions = field(repr=False)
    """The targets of its links and footnotes."""

    anchors: Mapping[int, Anchor] = field(repr=False)
    """Ids of headings that are linked to, by the index of their segment."""

    is_following: bool
    """Whether its links follow a heading's new words, where they can."""

    @property
    def texts(self) -> list[str]:
        """What an engine gets: one text per paragraph, heading or table cell."""
        return [segment.text for segment in self.segments]

    def join(self, texts: Sequence[str]) -> str:
        """Return the document with these translations of its `texts`.

        Raises:
            ValueError: There are more or fewer answers than texts.
        """
        return self.splice(texts).text

    def splice(self, texts: Sequence[str]) -> Splice:
        """Return the document with these translations, and how many were unusable.

        Raises:
            ValueError: There are more or fewer answers than texts.
        """
        if len(texts) != len(self.segments):
            raise ValueError(
                f"texts must be {len(self.segments)} in number, got {len(texts)}"
            )
        answers = {
            index: words
            for index, text in enumerate(texts)
            if (words := self.segments[index].fit(text)) is not None
        }
        sound = self._sound(answers)
        return Splice(
            text=self._anchored(sound),
            kept=len(self.segments) - len(sound),
            total=len(self.segments),
        )

    def _with(self, answers: _Answers, anchors: Iterable[Anchor] = ()) -> str:
        """Return the document with the words of these answers, and with anchors."""
        edits = [(anchor.offset, anchor.offset, anchor.text) for anchor in anchors]
        for index, words in answers.items():
            segment = self.segments[index]
            edits.append((segment.start, segment.end, segment.source(words)))
        parts: list[str] = []
        end = 0
        for start, stop, text in sorted(edits):
            parts += self.source[end:start], text
            end = stop
        return "".join([*parts, self.source[end:]])

    def _anchored(self, answers: _Answers) -> str:
        """Return the document with these answers, and links that lead to headings."""
        needed = list(self._anchors(answers))
        if not (self.is_following and needed):
            return self._with(answers, needed)
        moved, left = follow(self._with(answers), needed)
        return rename(self._with(answers, left), moved)

    def _anchors(self, answers: _Answers) -> Iterator[Anchor]:
        """Yield the anchors of the headings whose words these answers change."""
        for index, anchor in self.anchors.items():
            words = self.segments[index].words
            if answers.get(index, words) != words:
                yield anchor

    def _sound(self, answers: _Answers) -> _Answers:
        """Return the answers that together leave the document's shape unchanged."""
        if self._is_sound(answers):
            return answers
        near = [
            index for index in answers if self._is_sound_alone(index, answers[index])
        ]
        found = sift(
            near,
            lambda some: self._is_sound({i: answers[i] for i in sorted(some)}),
            _CHECKS,
        )
        return {index: answers[index] for index in sorted(found)}

    def _is_sound(self, answers: _Answers) -> bool:
        """Return whether the document with these answers has its shape."""
        text = self._with(answers)
        return text == self.source or shape(parse(read(text).text)) == self.shape

    def _is_sound_alone(self, index: int, words: Sequence[str]) -> bool:
        """Return whether a block with these words, parsed alone, has its shape."""
        segment = self.segments[index]
        parsed = parse if segment.is_paragraph else parse_inline
        old, new = (
            shape(parsed(segment.content(each), self.definitions))
            for each in (segment.words, words)
        )
        return old == new


def split(
    source: str, *, linked: Collection[str] = (), is_following: bool = False
) -> Document:
    """Return the document of any string.

    Args:
        source: Markdown.
        linked: The ids that other documents link to: its headings keep them.
        is_following: Whether its own links follow its headings to the ids of their new
            words; otherwise the headings that they lead to keep the old ids.
    """
    lines = read(source)
    parsed = parse(lines.text)
    found = list(blocks(parsed, lines))
    segments = dict(_segments(source, found))
    places = {index: place for place, index in enumerate(segments)}
    return Document(
        source=source,
        segments=tuple(segments.values()),
        shape=shape(parsed),
        definitions=parsed.definitions,
        anchors={
            places[index]: anchor
            for index, anchor in anchors(parsed, found, linked).items()
            if index in places
        },
        is_following=is_following,
    )


def _segments(source: str, found: Iterable[Block]) -> Iterator[tuple[int, Segment]]:
    """Yield segments and the indexes of their blocks; placeholders count on."""
    first = 1
    for index, block in enumerate(found):
        if made := segment(block, source, first):
            first += len(made.marks)
            yield index, made
