r"""What must not reach Apertium's programs as it is, and how it travels instead.

Apertium's stream format gives meaning to ``\ / ^ $ [ ] { } < > @`` and ``~``. Its
escapes are not reliable: after an escaped ``^`` with no word behind it the first
program waits for ever, and the next request would get this one's answer. U+FFFF ends
an answer too early, control characters belong to no word, and a lone surrogate cannot
be encoded. So each run of them, each placeholder and each "word" of more than 200
characters (a program's time grows with its square) stays here, and in its place goes a
superblank, ``[K7]``, which every program passes on unchanged. A text cannot contain a
superblank of its own, for its brackets stay here too.

Words are sent composed, as in `spelling`: the dictionaries know them so.
"""

import re
from dataclasses import dataclass

from demo_site.translation.placeholders import PLACEHOLDER
from demo_site.translation.spelling import WORD, Spellings

_SIGNS = (
    r"[\\/^$\[\]{}<>@~\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufff0-\uffff]"
)
# A long word is kept before it is a word.
_PART = re.compile(
    rf"\S{{200,}}|{PLACEHOLDER.pattern}|{_SIGNS}+|(?P<word>{WORD.pattern})"
)
# Apertium's own escapes, which its dictionaries may answer with, blanks and words.
_ANSWERED = re.compile(rf"\\(.)|\[K([0-9]+)\]|\[\]|({WORD.pattern})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Armoured:
    """Words fit for Apertium, and what was taken out of them."""

    body: str
    """The words; ``[K0]`` stands for the first piece that was kept, and so on."""

    kept: tuple[str, ...]

    spellings: Spellings

    def restore(self, answer: str) -> str:
        """Return the answer with the kept pieces where it has their superblanks.

        Raises:
            IndexError: It has a superblank that the body does not have.
        """
        spell = self.spellings.restorer()

        def meaning(match: re.Match[str]) -> str:
            sign, number, word = match.groups()
            if word:
                return spell(word)
            return self.kept[int(number)] if number else sign or ""

        return _ANSWERED.sub(meaning, answer)


def armour(words: str) -> Armoured:
    """Return words with everything dangerous kept back and accents composed."""
    kept: list[str] = []
    spellings = Spellings()

    def replacement(match: re.Match[str]) -> str:
        if match["word"] is None:
            kept.append(match[0])
            return f"[K{len(kept) - 1}]"
        return spellings.compose(match[0])

    body = _PART.sub(replacement, words)
    return Armoured(body, tuple(kept), spellings)
