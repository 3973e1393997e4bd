"""Finds which of many changes may stand when not all of them may."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def sift(
    changes: Sequence[int], is_sound: Callable[[Sequence[int]], bool], limit: int
) -> list[int]:
    """As many of the changes as are sound together, by halving those that are not.

    Args:
        changes: Each named by a number.
        is_sound: Whether these changes may stand together; costly.
        limit: How often at most it is asked. Changes that were not tried by then are
            left out; one bad change of n costs about ``2 * log2(n)``.
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
