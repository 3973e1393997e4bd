"""Names and the patterns that match them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable

Matches = Callable[[str], object]
"""Takes a name; true where it matches."""


def is_exact(pattern: str) -> bool:
    """Return whether a pattern matches its own text alone."""
    return "*" not in pattern and "?" not in pattern


def matcher(pattern: str) -> Matches:
    """Return a function that is true for the names that a pattern matches.

    ``*`` stands for any text, dots included, and ``?`` for one character; upper and
    lower case differ.
    """
    if is_exact(pattern):
        return pattern.__eq__
    # fnmatch knows a third form, [abc], which is plain text here. Its expressions take
    # linear time for each star.
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]"))).match


def patterns_in(name: str, value: str | Iterable[str]) -> tuple[str, ...]:
    """Return the patterns of an argument that may be one of them or several.

    Raises:
        TypeError: One of them is no text; the message names the argument.
    """
    patterns = (value,) if isinstance(value, str) else tuple(value)
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise TypeError(f"{name} must be patterns of names, got {pattern!r}")
    return patterns
