r"""What must never reach Apertium's programs as itself, and how it passes them.

Apertium's stream format gives meaning to ``\ / ^ $ [ ] { } < > @`` and ``~``. It has
escapes for them, but they do not hold: an escaped ``^`` with no word behind it makes
the first program wait for ever, and the next request would get this one's answer.
U+FFFF ends an answer too early, control characters are nobody's words, and a lone
surrogate cannot be written at all. So each run of them, each placeholder and each
"word" of more than 200 characters (a program's time grows with its square) stays here,
and in its place goes a superblank, ``[K7]``, which every program hands on untouched.
Nobody can write one: their brackets are no brackets any more.
"""

import re
from dataclasses import dataclass

from demo_site.translation.placeholders import PLACEHOLDER

_SIGNS = (
    r"[\\/^$\[\]{}<>@~\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufff0-\uffff]"
)
_KEPT = re.compile(rf"\S{{200,}}|{PLACEHOLDER.pattern}|{_SIGNS}+")
# Apertium's own escapes, which its dictionaries may answer with, and the blanks.
_ANSWERED = re.compile(r"\\(.)|\[K([0-9]+)\]|\[\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Armoured:
    """Words fit for Apertium, and what was taken out of them."""

    body: str
    """The words; ``[K0]`` stands for the first piece that was kept, and so on."""

    kept: tuple[str, ...]

    def restored(self, answer: str) -> str:
        """The answer with the kept pieces at the places where it has their marks.

        Raises:
            IndexError: It has a mark that the body has not.
        """
        return _ANSWERED.sub(self._meant, answer)

    def _meant(self, match: re.Match[str]) -> str:
        """What an escape or a blank stands for; an empty blank for nothing."""
        sign, number = match.groups()
        return self.kept[int(number)] if number else sign or ""


def armour(words: str) -> Armoured:
    """Words with everything dangerous kept back."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"[K{len(kept) - 1}]"

    return Armoured(_KEPT.sub(keep, words), tuple(kept))
