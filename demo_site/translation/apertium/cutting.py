"""Texts as lines: parts that a pipe translates quickly, without the space around."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from demo_site.translation.placeholders import PLACEHOLDER

LIMIT = 2000
"""Characters of a line: about 60 ms of work, after which a visitor can be let in."""

_SENTENCE_END = re.compile(r"[.!?…:;]['\")\]»\u2019\u201d]*\s+")
_LETTER = re.compile(r"[^\W\d_]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A part of a text; its three strings together are the part."""

    head: str
    """White space."""

    words: str
    """What to translate, without white space around; empty where nothing is."""

    tail: str
    """White space."""

    def with_words(self, words: str) -> str:
        """The part with other words, which begin small and space singly as its own."""
        if "  " not in self.words:
            # Where a language drops a pronoun, the spaces of both its sides stay.
            words = re.sub(" {2,}", " ", words)
        old, new = _LETTER.search(self.words), _LETTER.search(words)
        if old and new and old[0].islower():
            # Some modes take every text for the beginning of a sentence.
            words = words[: new.start()] + _small(words[new.start() :])
        return self.head + words.strip() + self.tail


def _small(word: str) -> str:
    """A word with a small first letter, unless it is in capitals altogether."""
    return word if word[1:2].isupper() else word[0].lower() + word[1:]


def cut(text: str, limit: int = LIMIT) -> list[Line]:
    """The lines of a text: whole sentences where they fit, placeholders unbroken."""
    return [_line(part) for part in _parts(text, limit)]


def _line(part: str) -> Line:
    words = part.strip()
    if not any(map(str.isalpha, words)):
        return Line(head=part, words="", tail="")
    start = part.index(words)
    return Line(head=part[:start], words=words, tail=part[start + len(words) :])


def _parts(text: str, limit: int) -> Iterator[str]:
    """Parts of at most ``limit`` characters, but for a placeholder that is longer."""
    start = 0
    while len(text) - start > limit:
        end = _end(text, start, start + limit)
        yield text[start:end]
        start = end
    yield text[start:]


def _end(text: str, start: int, limit: int) -> int:
    """Where the part from ``start`` ends best, at ``limit`` or before."""
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
