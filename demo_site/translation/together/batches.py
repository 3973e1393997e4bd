"""Texts that are sent together."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from demo_site.translation.contract import Limits, Pair
from demo_site.translation.together.member import Member


@dataclass(slots=True, kw_only=True, eq=False)
class Batch:
    """Texts of one document on their way; only the team's loop changes it."""

    key: Hashable
    """Of its document: documents take turns."""

    texts: list[str] = field(repr=False)
    """In the language before the next hop."""

    hops: deque[Pair]
    """The pairs that are left: several where a language is reached by others."""

    failed: set[Member] = field(default_factory=set)
    """The engines that have failed at this hop; cleared once all have."""

    refused: set[Member] = field(default_factory=set)
    """The engines that do not want these texts."""

    failures: int = 0
    """How often engines have failed at these texts while they translated others."""

    rounds: int = 0
    """How often all engines have failed it."""

    waiting_since: float | None = None
    """When it first found no engine, by the team's clock."""


def cut(texts: Sequence[str], limits: Limits) -> Iterator[list[str]]:
    """Yield texts in portions within the limits; a longer text is a portion alone."""
    portion: list[str] = []
    size = 0
    for text in texts:
        is_full = len(portion) >= limits.texts or size + len(text) > limits.characters
        if portion and is_full:
            yield portion
            portion, size = [], 0
        portion.append(text)
        size += len(text)
    if portion:
        yield portion
