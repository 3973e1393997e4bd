"""Finds the sound ones among many changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def sift(
    changes: Sequence[int], is_sound: Callable[[Sequence[int]], bool], limit: int
) -> list[int]:
    """Return changes that are sound together, by halving groups that are not.

    Args:
        changes: Each named by a number.
        is_sound: Whether these changes can be made together; expensive.
        limit: Maximum number of calls of ``is_sound``; changes not tried by then are
            left out. One bad change of n takes about ``2 * log2(n)`` calls.
    """
    sound: list[int] = []
    groups = [list(changes)] if changes else []
    for _ in range(limit):
        if not groups:
            break
        group = groups.pop()
        if is_sound(sound + group):
            sound += group
        elif len(group) > 1:
            half = len(group) // 2
            groups += [group[half:], group[:half]]
    return sound
