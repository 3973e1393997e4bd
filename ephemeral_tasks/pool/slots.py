"""The slots of running operations, and operations that ask without holding one."""

from __future__ import annotations

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

    def lend(self, operation: PoolOperation) -> list[PoolOperation]:
        """Free slot and key of a running operation; return the started ones."""
        self.running -= 1
        self.asking += 1
        self._keys.release(operation)
        return self._claim()

    def take_back(self, operation: PoolOperation) -> None:
        """Give an operation slot and key again, at once and even above the limits."""
        self.asking -= 1
        self.running += 1
        self._keys.hold(operation)
