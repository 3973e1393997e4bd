r"""Placeholders for what an engine must not change.

A placeholder is a number in white square brackets, ``⟦7⟧``: no Markdown, no HTML,
one token for most engines. In the texts of a document each number occurs once.
An engine with placeholders of its own converts them in both directions::

    sent = PLACEHOLDER.sub(r"[K\1]", text)
    answer = re.sub(r"\[K([0-9]+)\]", r"⟦\1⟧", received)

Texts contain no control character, line separator or lone surrogate, and no brackets
of this kind except the placeholders'. Their words are composed (NFC). They may contain
``&`` and ``>``: an engine that reads HTML must escape them.
"""

from __future__ import annotations

import re

PLACEHOLDER = re.compile(r"⟦[ ]*([0-9]{1,9})[ ]*⟧")
"""A placeholder, its number in group 1; engines may add spaces inside."""


def placeholder(number: int) -> str:
    """Return the placeholder of a number."""
    return f"⟦{number}⟧"


def tear(text: str) -> tuple[list[str], list[int]]:
    """Split a text at its placeholders.

    Returns:
        The words, and the placeholders' numbers, one fewer; both in order.
    """
    parts = PLACEHOLDER.split(text)
    return parts[::2], [int(number) for number in parts[1::2]]
