"""Whether an answer is what a page expects."""

import re
from typing import Any


def is_like(said: Any, expected: Any) -> bool:
    """Return whether they agree; ``…`` stands for anything, and more keys may come."""
    if isinstance(expected, dict) and isinstance(said, dict):
        return all(
            key in said and is_like(said[key], value) for key, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(said, list):
        pairs = zip(said, expected, strict=False)
        return len(said) == len(expected) and all(is_like(*pair) for pair in pairs)
    if isinstance(expected, str) and "…" in expected:
        pattern = ".*".join(map(re.escape, expected.split("…")))
        return expected == "…" or bool(re.fullmatch(pattern, str(said), re.DOTALL))
    return bool(said == expected)
