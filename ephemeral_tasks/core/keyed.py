"""Order within a key, fairness between keys."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Unpack

from .attempts import Body
from .coordinator import Coordinator
from .keyed_queue import KeyedQueue
from .operation import Item, Value
from .options import Options
from .validation import check_at_least


class KeyedCoordinator(Coordinator[Item, Value]):
    """Runs the operations of each key in order; keys take turns.

    A busy key never blocks another, and nothing is kept for an idle one.
    """

    def __init__(
        self,
        body: Body[Item, Value],
        *,
        key: Callable[[Item], Hashable],
        limit_per_key: int = 1,
        priority: Callable[[Item], int] | None = None,
        urgent_first: bool = False,
        **options: Unpack[Options],
    ) -> None:
        """Make a coordinator for the running loop.

        Args:
            body: Coroutine function, called with one item.
            key: Gives an item's key.
            limit_per_key: How many of one key run at once, at least 1.
            priority: Gives an item's urgency, larger first: the key with the most
                urgent head goes next; among equals the one whose last turn is longest
                ago. Order within a key stays that of submission.
            urgent_first: Whether within a key, too, the most urgent goes first.
            options: As for Coordinator; ``limit`` is required.
        """
        check_at_least("limit_per_key", limit_per_key, 1)
        if not callable(key):
            raise TypeError(f"key must be callable, got {key!r}")
        super().__init__(
            body, queue=KeyedQueue(limit_per_key, urgent_first=urgent_first), **options
        )
        self._key = key
        self._priority = priority

    def _key_of(self, item: Item) -> Hashable:
        key = self._key(item)
        hash(key)  # an unhashable key is refused here, before anything has changed
        return key

    def _priority_of(self, item: Item) -> int:
        if self._priority is None:
            return 0
        priority = self._priority(item)
        if not isinstance(priority, int):
            raise TypeError(f"priority must return an int, got {priority!r}")
        return priority
