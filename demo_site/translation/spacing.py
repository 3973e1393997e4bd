"""White space between words and placeholders."""

from __future__ import annotations

from demo_site.translation.cuts import Side

_HUG_LEFT = ",.;:!?)…»”"
_HUG_RIGHT = "(«“¿¡"


def space(original: str, answer: str, left: Side, right: Side) -> str:
    """Return the answer's words with white space as in the original.

    Engines lose and add spaces beside placeholders, so the original's are used. The
    answer decides only where a comma replaces a word, or a word follows directly.
    """
    core, old = answer.strip(), original.strip()
    before, after = _leading(original), _trailing(original)
    if not core:
        return before or after
    if left is Side.FREE and bool(before) != bool(_leading(answer)):
        before = _free(before, old[:1], core[0], _HUG_LEFT)
    if right is Side.FREE and bool(after) != bool(_trailing(answer)):
        after = _free(after, old[-1:], core[-1], _HUG_RIGHT)
    return before + core + after


def _free(original: str, old: str, new: str, hugging: str) -> str:
    """Return the white space beside a mark where the answer's differs."""
    if original:
        return "" if new in hugging and old not in hugging else original
    return " " if new.isalnum() else ""


def _leading(text: str) -> str:
    """Return the white space at the start of a text."""
    return text[: len(text) - len(text.lstrip())]


def _trailing(text: str) -> str:
    """Return the white space at the end of a text."""
    return text[len(text.rstrip()) :]
