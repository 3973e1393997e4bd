"""The slots of running operations, and operations that ask without holding one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import cast

from ..core.keyed_queue import KeyedQueue
from ..core.queues import Queue
from ..core.scheduler import Scheduler
from .operation import PoolOperation


class Slots(Scheduler[PoolOperation]):
    """The pool's scheduler; an operation that asks its owner holds no slot."""

    def __init__(self, queue: KeyedQueue, *, limit: int, capacity: int) -> None:
        """Make a scheduler in which nothing waits or runs."""
        order = cast("Queue[PoolOperation]", queue)
        super().__init__(order, limit=limit, capacity=capacity)
        self._keys = queue
        self.asking = 0
        """How many run without a slot, because they wait for an answer."""
        self._asking_of: Counter[Hashable] = Counter()
        """How many of each key do; a key of which none asks is left out."""

    def count_asking(self, key: Hashable) -> int:
        """Return how many operations of the key wait for an answer."""
        return self._asking_of.get(key, 0)

    def admits(self, key: Hashable, *, reserved: int = 0) -> bool:
        """Return whether one more operation of this key may wait or start now.

        An operation that asks takes a place as one that waits does.
        """
        taken = reserved + self._count_unslotted()
        if self.waiting + taken < self.capacity:
            return True
        # It might start at once, without a place; but then it may ask, too. Without
        # this bound the operations that ask would have none.
        unfinished = self.running + self.waiting + taken
        if self.asking and unfinished >= self.limit + self.capacity:
            return False
        return super().admits(key, reserved=taken)

    def defer(self, operation: PoolOperation, *, reserved: int = 0) -> None:
        """Take a new operation that waits until ``release``.

        Raises:
            QueueFull: As many wait or ask as may; nothing was changed.
        """
        super().defer(operation, reserved=reserved + self._count_unslotted())

    def _count_unslotted(self) -> int:
        """Return how many ask, or run above the limit since they were answered.

        The latter may ask again: without their places each answer would free one for a
        new operation, and there would be no bound.
        """
        return self.asking + max(0, self.running - self.limit)

    def lend(self, operation: PoolOperation) -> list[PoolOperation]:
        """Free slot and key of a running operation; return the started ones."""
        self.running -= 1
        self.asking += 1
        self._asking_of[operation.key] += 1
        self._keys.release(operation)
        return self._claim()

    def take_back(self, operation: PoolOperation) -> None:
        """Give an operation slot and key again, at once and even above the limits."""
        self.asking -= 1
        self._asking_of[operation.key] -= 1
        if not self._asking_of[operation.key]:
            del self._asking_of[operation.key]
        self.running += 1
        self._keys.hold(operation)
