"""Spellings: words whose accents are characters of their own, and their composed form.

Engines know letters with accents as one character only (NFC). macOS writes file names
with two (NFD), and so do many PDFs. Words are sent composed; where the same word comes
back, the text's own spelling is restored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from unicodedata import is_normalized, normalize

# With the marks that NFC composes with letters: Latin, Arabic, Devanagari, Kana.
WORD = re.compile(r"[\w\u0300-\u036f\u0653-\u0655\u093c\u3099\u309a]+")
"""A word with its accents."""


@dataclass(frozen=True, slots=True)
class Spellings:
    """How a text spells the words that are sent composed."""

    _own: dict[str, list[str]] = field(default_factory=dict, repr=False)
    """By composed word, its spellings in the text's order."""

    def compose(self, word: str) -> str:
        """Return a word of the text composed, and remember how it is spelled."""
        composed = normalize("NFC", word)
        # Some letters have no composed form and fall apart; those stay as they are.
        sent = composed if WORD.fullmatch(composed) else word
        self._own.setdefault(sent, []).append(word)
        return sent

    def restorer(self) -> Callable[[str], str]:
        """Return what gives the words of one answer, in order, the text's spelling."""
        left = {word: own[::-1] for word, own in self._own.items()}
        return lambda word: left[word].pop() if left.get(word) else word


def compose(text: str) -> str:
    """Return a text with its words composed, every other character as it is."""
    if is_normalized("NFC", text):
        return text
    spellings = Spellings()
    return WORD.sub(lambda word: spellings.compose(word[0]), text)


def respell(answer: str, text: str) -> str:
    """Return an answer with the words that it shares with a text spelled like there."""
    if is_normalized("NFC", text):
        return answer
    spellings = Spellings()
    for word in WORD.findall(text):
        spellings.compose(word)
    restore = spellings.restorer()
    return WORD.sub(lambda word: restore(word[0]), answer)
