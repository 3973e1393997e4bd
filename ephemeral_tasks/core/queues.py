"""The order in which waiting operations start.

A queue belongs to one scheduler, whose caller serialises the calls. An operation that
is between two attempts keeps its place: it has left the queue for its first start, and
``push_again`` puts it before the waiting ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Protocol, TypeVar

from .operation import Operation
from .status import Status

Entry = TypeVar("Entry", bound=Operation[Any, Any])


class Queue(Protocol[Entry]):
    """The order of a scheduler's operations."""

    def __len__(self) -> int:
        """Return how many wait for their first start."""

    def has_place(self, key: Hashable) -> bool:
        """Return whether one more operation with this key may wait."""

    def is_free(self, key: Hashable) -> bool:
        """Return whether a new operation with this key would be its key's next."""

    def begin(self, operation: Entry) -> bool:
        """Start a new operation without waiting; False where its key is not free."""

    def push(self, operation: Entry) -> None:
        """Add a new operation at the end."""

    def push_again(self, operation: Entry) -> None:
        """Add an operation whose next attempt is due at the front."""

    def pop(self) -> Entry | None:
        """Take the operation that goes next; None when none may start now."""

    def remove(self, operation: Entry) -> None:
        """Take out an operation that waits."""

    def release(self, operation: Entry) -> None:
        """Give back the place that a started operation held in its key."""

    def position(self, operation: Entry) -> int | None:
        """Return its place among waiting ones, from 1; None when it does not wait.

        An operation between two attempts goes first when it is due.
        """


class FifoQueue:
    """First come, first served."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Operation[Any, Any], None] = OrderedDict()
        self._again: OrderedDict[Operation[Any, Any], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def has_place(self, key: Hashable) -> bool:
        """Return True: there is no bound but the scheduler's."""
        return True

    def is_free(self, key: Hashable) -> bool:
        """Return whether no operation waits."""
        return not (self._waiting or self._again)

    def begin(self, operation: Operation[Any, Any]) -> bool:
        """Start a new operation without waiting; False where another one waits."""
        return self.is_free(operation.key)

    def push(self, operation: Operation[Any, Any]) -> None:
        """Add a new operation at the end."""
        self._waiting[operation] = None

    def push_again(self, operation: Operation[Any, Any]) -> None:
        """Add an operation whose next attempt is due before all new ones."""
        self._again[operation] = None

    def pop(self) -> Operation[Any, Any] | None:
        """Take the oldest one."""
        line = self._again or self._waiting
        return line.popitem(last=False)[0] if line else None

    def remove(self, operation: Operation[Any, Any]) -> None:
        """Take out an operation that waits."""
        self._again.pop(operation, None)
        self._waiting.pop(operation, None)

    def release(self, operation: Operation[Any, Any]) -> None:
        """Do nothing: an operation holds nothing but its slot."""

    def position(self, operation: Operation[Any, Any]) -> int | None:
        """Return its place among waiting ones, from 1; None when it does not wait."""
        index = index_in([*self._again, *self._waiting], operation)
        return None if index is None else index + 1


def index_in(
    order: list[Operation[Any, Any]], operation: Operation[Any, Any]
) -> int | None:
    """Return an operation's index in an order, 0 between two attempts; else None."""
    if operation in order:
        return order.index(operation)
    is_between = operation.attempt > 0 and operation.status is Status.READY
    return 0 if is_between else None
