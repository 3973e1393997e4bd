r"""What must not reach Apertium's programs as it is, and how it travels instead.

Apertium's stream format gives meaning to ``\ / ^ $ [ ] { } < > @`` and ``~``. Its
escapes are not reliable: after an escaped ``^`` with no word behind it the first
program waits for ever, and the next request would get this one's answer. U+FFFF ends
an answer too early, control characters belong to no word, and a lone surrogate cannot
be encoded. So each run of them, each placeholder and each "word" of more than 200
characters (a program's time grows with its square) stays here, and in its place goes a
superblank, ``[K7]``, which every program passes on unchanged. A text cannot contain a
superblank of its own, for its brackets stay here too.

The dictionaries know letters with accents as one character only. A word that has its
accents as characters of their own, as macOS writes file names, is sent composed (NFC);
where the same word comes back, the text's own spelling is restored.
"""

import re
from dataclasses import dataclass
from unicodedata import normalize

from demo_site.translation.placeholders import PLACEHOLDER

_SIGNS = (
    r"[\\/^$\[\]{}<>@~\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufff0-\uffff]"
)
# With the marks that NFC composes with letters: Latin, Arabic, Devanagari, Kana.
_WORD = re.compile(r"[\w\u0300-\u036f\u0653-\u0655\u093c\u3099\u309a]+")
# A long word is kept before it is a word.
_PART = re.compile(
    rf"\S{{200,}}|{PLACEHOLDER.pattern}|{_SIGNS}+|(?P<word>{_WORD.pattern})"
)
# Apertium's own escapes, which its dictionaries may answer with, blanks and words.
_ANSWERED = re.compile(rf"\\(.)|\[K([0-9]+)\]|\[\]|({_WORD.pattern})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Armoured:
    """Words fit for Apertium, and what was taken out of them."""

    body: str
    """The words; ``[K0]`` stands for the first piece that was kept, and so on."""

    kept: tuple[str, ...]

    spellings: dict[str, list[str]]
    """By composed word, how the text spells it, in the text's order."""

    def restore(self, answer: str) -> str:
        """Return the answer with the kept pieces where it has their superblanks.

        Raises:
            IndexError: It has a superblank that the body does not have.
        """
        spellings = {word: list(reversed(own)) for word, own in self.spellings.items()}

        def meaning(match: re.Match[str]) -> str:
            sign, number, word = match.groups()
            if word:
                return spellings[word].pop() if spellings.get(word) else word
            return self.kept[int(number)] if number else sign or ""

        return _ANSWERED.sub(meaning, answer)


def armour(words: str) -> Armoured:
    """Return words with everything dangerous kept back and accents composed."""
    kept: list[str] = []
    spellings: dict[str, list[str]] = {}

    def replacement(match: re.Match[str]) -> str:
        if match["word"] is None:
            kept.append(match[0])
            return f"[K{len(kept) - 1}]"
        composed = normalize("NFC", match[0])
        # Some letters have no composed form and fall apart; those stay as they are.
        word = composed if _WORD.fullmatch(composed) else match[0]
        spellings.setdefault(word, []).append(match[0])
        return word

    body = _PART.sub(replacement, words)
    return Armoured(body, tuple(kept), spellings)
