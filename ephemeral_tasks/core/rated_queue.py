"""A queue whose operations start at a rate."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from .operation import Operation
from .queues import Queue
from .rate import Rate

AnyOperation = Operation[Any, Any]


class RatedQueue:
    """Another queue's order; nothing starts before the rate allows it.

    So the scheduler needs to know of no rate: what may not start yet is not free.
    """

    def __init__(self, queue: Queue[AnyOperation], rate: Rate) -> None:
        self._queue = queue
        self._rate = rate
        # As they are: the rate has no say in them.
        self.has_place = queue.has_place
        self.push = queue.push
        self.push_again = queue.push_again
        self.remove = queue.remove
        self.release = queue.release
        self.position = queue.position

    def __len__(self) -> int:
        return len(self._queue)

    def is_free(self, key: Hashable) -> bool:
        """Return whether a new operation with this key would start now."""
        return not self._rate.wait_seconds() and self._queue.is_free(key)

    def begin(self, operation: AnyOperation) -> bool:
        """Start a new operation without waiting; False where it must wait."""
        if self._rate.wait_seconds() or not self._queue.begin(operation):
            return False
        self._rate.spend(operation.cost)
        return True

    def pop(self) -> AnyOperation | None:
        """Take the operation that goes next; None when none may start now."""
        if self._rate.wait_seconds():
            return None
        operation = self._queue.pop()
        if operation is not None:
            self._rate.spend(operation.cost)
        return operation
