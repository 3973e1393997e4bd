"""Cuts texts into lines: parts that a pipe translates quickly."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from demo_site.translation.placeholders import PLACEHOLDER

LIMIT = 2000
"""Characters of a line: about 60 ms of work, then another visitor can have a turn."""

_SENTENCE_END = re.compile(r"[.!?…:;]['\")\]»\u2019\u201d]*\s+")
_LETTER = re.compile(r"[^\W\d_]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A part of a text: its three strings, joined."""

    head: str
    """White space."""

    words: str
    """What to translate, without white space around it; may be empty."""

    tail: str
    """White space."""

    def with_words(self, words: str) -> str:
        """Return the part with translated words, in case and spacing like its own."""
        if "  " not in self.words:
            # Where a language drops a pronoun, the spaces on both sides of it remain.
            words = re.sub(" {2,}", " ", words)
        old, new = _LETTER.search(self.words), _LETTER.search(words)
        if old and new and old[0].islower():
            # Some modes treat every text as the start of a sentence.
            words = words[: new.start()] + _small(words[new.start() :])
        return self.head + words.strip() + self.tail


def _small(word: str) -> str:
    """Return a word with a lower-case first letter, unless it is all capitals."""
    return word if word[1:2].isupper() else word[0].lower() + word[1:]


def cut(text: str, limit: int = LIMIT) -> list[Line]:
    """Return the lines of a text: whole sentences if they fit, whole placeholders."""
    return [_line(part) for part in _parts(text, limit)]


def _line(part: str) -> Line:
    words = part.strip()
    if not any(map(str.isalpha, words)):
        return Line(head=part, words="", tail="")
    start = part.index(words)
    return Line(head=part[:start], words=words, tail=part[start + len(words) :])


def _parts(text: str, limit: int) -> Iterator[str]:
    """Yield parts of at most ``limit`` characters, or one longer placeholder."""
    start = 0
    while len(text) - start > limit:
        end = _end(text, start, start + limit)
        yield text[start:end]
        start = end
    yield text[start:]


def _end(text: str, start: int, limit: int) -> int:
    """Return where to end the part from ``start``, at ``limit`` or before."""
    for pattern in (_SENTENCE_END, _SPACE):
        ends = [match.end() for match in pattern.finditer(text, start, limit)]
        if ends:
            return ends[-1]
    inside = (
        match.span()
        for match in PLACEHOLDER.finditer(text, max(start, limit - 32), limit + 32)
    )
    for first, last in inside:
        if first < limit < last:
            return first if first > start else last
    return limit
