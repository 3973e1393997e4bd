"""Markdown, split into texts for an engine and spliced together again.

    document = split(source)
    translated = document.join(await engine.translate(document.texts, "en", "es"))

Nothing is rendered: the document stays as it is, byte for byte, but for the words
that the engine translated. ``split(source).join(split(source).texts) == source`` for
every string. Code, link targets and titles, images, definitions, footnote marks,
URLs, HTML, front matter, table structure, task boxes, entities, escapes, breaks and
emphasis marks are never in a text: placeholders stand for them (`placeholders`). A
text whose answer cannot be put in without changing what the parser makes of the
document keeps its original.

All of it is plain computing, a few milliseconds a kilobyte: long documents belong into
a thread. No record shows its text in its `repr`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from demo_site.translation.anchors import Anchor, anchors
from demo_site.translation.blocks import Block, blocks
from demo_site.translation.parser import Definitions, parse, parse_inline
from demo_site.translation.segments import Segment, segment
from demo_site.translation.shape import Shape, shape
from demo_site.translation.sieve import sift
from demo_site.translation.source import read

# Words by the index of their segment, ascending.
_Answers = Mapping[int, tuple[str, ...]]

# Each parses the whole document. Few answers come this far: they look sound in their
# block and are not in the document, as dashes on line one that open front matter.
_CHECKS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """A document with an engine's words in it."""

    text: str = field(repr=False)
    """The Markdown."""

    kept: int
    """How many texts kept their original because their answer was unusable."""

    total: int
    """How many texts the document has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A Markdown document and its texts; `split` makes one. Threads may share it."""

    source: str = field(repr=False)
    """The document as it came."""

    segments: tuple[Segment, ...]
    """Its texts with their places, in order."""

    shape: Shape = field(repr=False)
    """What the parser makes of it, but for its words."""

    definitions: Definitions = field(repr=False)
    """What its links and footnotes refer to."""

    anchors: Mapping[int, Anchor] = field(repr=False)
    """By the index of a heading's segment, what links to the heading need."""

    @property
    def texts(self) -> list[str]:
        """What an engine gets, one text a paragraph, heading or cell."""
        return [segment.text for segment in self.segments]

    def join(self, texts: Sequence[str]) -> str:
        """The document with these answers for its `texts`.

        Raises:
            ValueError: There are more or fewer answers than texts.
        """
        return self.splice(texts).text

    def splice(self, texts: Sequence[str]) -> Splice:
        """The document with these answers for its `texts`, and how many it refused.

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
            text=self._with(sound, self._anchors(sound)),
            kept=len(self.segments) - len(sound),
            total=len(self.segments),
        )

    def _with(self, answers: _Answers, anchors: Iterable[Anchor] = ()) -> str:
        """The document with the words of these answers, and anchors put in."""
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

    def _anchors(self, answers: _Answers) -> Iterator[Anchor]:
        """The anchors of the headings whose words these answers change."""
        for index, anchor in self.anchors.items():
            words = self.segments[index].words
            if answers.get(index, words) != words:
                yield anchor

    def _sound(self, answers: _Answers) -> _Answers:
        """Those of the answers that together leave the document its shape."""
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
        """Whether the document with these answers has its shape."""
        text = self._with(answers)
        return text == self.source or shape(parse(read(text).text)) == self.shape

    def _is_sound_alone(self, index: int, words: Sequence[str]) -> bool:
        """Whether the content of a block with these words, by itself, has its shape."""
        segment = self.segments[index]
        parsed = parse if segment.is_paragraph else parse_inline
        old, new = (
            shape(parsed(segment.content(each), self.definitions))
            for each in (segment.words, words)
        )
        return old == new


def split(source: str) -> Document:
    """The document of any string."""
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
            for index, anchor in anchors(parsed, found).items()
            if index in places
        },
    )


def _segments(source: str, found: Iterable[Block]) -> Iterator[tuple[int, Segment]]:
    """The segments by the index of their block, their placeholders counted through."""
    first = 1
    for index, block in enumerate(found):
        if made := segment(block, source, first):
            first += len(made.marks)
            yield index, made
