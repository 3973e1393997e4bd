"""Ids of operations, which cannot be guessed."""

from __future__ import annotations

import os
from collections import deque

_AT_ONCE = 64  # ids that one read of the system's randomness gives


class _Ids:
    """Ids from the system's randomness, read for many at a time.

    Each read gives up the interpreter lock, which costs far more than the bytes.
    """

    def __init__(self) -> None:
        self._ids: deque[str] = deque()
        """Any thread takes from it; never shared with a forked process."""
        self._pid = os.getpid()

    def take(self) -> str:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._ids = deque()
        try:
            return self._ids.pop()
        except IndexError:
            digits = os.urandom(16 * _AT_ONCE).hex()
            self._ids.extend(digits[i : i + 32] for i in range(32, 32 * _AT_ONCE, 32))
            return digits[:32]


new_id = _Ids().take
"""Returns 32 hexadecimal digits that cannot be guessed."""


def is_id(text: str) -> bool:
    """Return whether a text could be one of the ids."""
    return len(text) == 32 and not set(text) - set("0123456789abcdef")
