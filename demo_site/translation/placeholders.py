r"""The neutral placeholders that stand for what an engine must not change.

A placeholder is a number in white square brackets, ``⟦7⟧``: no Markdown, no HTML,
one token for most engines. In the texts of a document each number occurs once.
An engine that protects text in a form of its own translates it there and back::

    sent = PLACEHOLDER.sub(r"[K\1]", text)
    answer = re.sub(r"\[K([0-9]+)\]", r"⟦\1⟧", received)

Texts hold no control character, line separator or lone surrogate, and no bracket
of this kind but the placeholders'. ``&`` and ``>`` they may hold: an engine that
reads HTML escapes them itself.
"""

from __future__ import annotations

import re

PLACEHOLDER = re.compile(r"⟦[ ]*([0-9]{1,9})[ ]*⟧")
"""Finds a placeholder, its number in group 1; engines may pad it with spaces."""


def placeholder(number: int) -> str:
    """The placeholder of a number."""
    return f"⟦{number}⟧"


def tear(text: str) -> tuple[list[str], list[int]]:
    """The words around the placeholders of a text, and the placeholders' numbers.

    Returns:
        The words, one string more than there are numbers, and the numbers in the
        order of the text.
    """
    parts = PLACEHOLDER.split(text)
    return parts[::2], [int(number) for number in parts[1::2]]
