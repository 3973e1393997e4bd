"""The order in which waiting operations start.

A queue belongs to one coordinator and is changed on its loop alone. An operation that
is between two attempts keeps its place: it has left the queue for its first start, and
``push_again`` puts it before all that wait behind it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Protocol

from .operation import Operation
from .status import Status

AnyOperation = Operation[Any, Any]
Waiting = OrderedDict[AnyOperation, None]  # ordered, with removal in the middle


class Queue(Protocol):
    """What a coordinator asks of the order of its operations."""

    def __len__(self) -> int:
        """Return how many wait for their first start."""

    def is_free(self, key: Hashable) -> bool:
        """Return whether a new operation with this key would be its key's next."""

    def push(self, operation: AnyOperation) -> None:
        """Let a new operation wait at the end."""

    def push_again(self, operation: AnyOperation) -> None:
        """Let an operation whose next attempt is due wait at the front."""

    def pop(self) -> AnyOperation | None:
        """Take the operation that goes next; None when none may start now."""

    def remove(self, operation: AnyOperation) -> None:
        """Take out an operation that waits."""

    def release(self, operation: AnyOperation) -> None:
        """Give back what an operation that once started held."""

    def position(self, operation: AnyOperation) -> int | None:
        """Return its place among those that wait, from 1; None when it does not.

        From any thread. One between two attempts goes first when it is due.
        """


class FifoQueue:
    """First come, first served."""

    def __init__(self) -> None:
        self._waiting: Waiting = OrderedDict()
        self._again: Waiting = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def is_free(self, key: Hashable) -> bool:
        """Return whether nobody waits."""
        return not (self._waiting or self._again)

    def push(self, operation: AnyOperation) -> None:
        """Let a new operation wait at the end."""
        self._waiting[operation] = None

    def push_again(self, operation: AnyOperation) -> None:
        """Let an operation whose next attempt is due wait before all new ones."""
        self._again[operation] = None

    def pop(self) -> AnyOperation | None:
        """Take the oldest one."""
        line = self._again or self._waiting
        return line.popitem(last=False)[0] if line else None

    def remove(self, operation: AnyOperation) -> None:
        """Take out an operation that waits."""
        self._again.pop(operation, None)
        self._waiting.pop(operation, None)

    def release(self, operation: AnyOperation) -> None:
        """Do nothing: an operation holds nothing but its slot."""

    def position(self, operation: AnyOperation) -> int | None:
        """Return its place among those that wait, from 1; None when it does not."""
        index = index_in(ordered(self._again, self._waiting), operation)
        return None if index is None else index + 1


def ordered(again: Waiting, waiting: Waiting) -> list[AnyOperation]:
    """Return those due again and then the new ones; from any thread."""
    # list() of an ordered dict runs no Python code, so the loop cannot come between
    return [*list(again), *list(waiting)]


def index_in(order: list[AnyOperation], operation: AnyOperation) -> int | None:
    """Return an operation's index in an order, 0 between two attempts; else None."""
    if operation in order:
        return order.index(operation)
    is_between = operation.attempt > 0 and operation.status is Status.READY
    return 0 if is_between else None
