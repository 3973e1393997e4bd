"""Which waiting operation starts next, and whether one more may wait."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Generic, TypeVar

from .errors import QueueFull
from .operation import Operation
from .queues import Queue

Entry = TypeVar("Entry", bound=Operation[Any, Any])


class Scheduler(Generic[Entry]):
    """A queue, the slots of running operations, and the bounds of both.

    Pure bookkeeping without loop, lock, thread or clock: the caller serialises the
    calls and runs the started operations that each of them returns. After every call a
    free slot means that no waiting operation could start.
    """

    def __init__(
        self,
        queue: Queue[Entry],
        *,
        limit: int,
        capacity: int,
        max_retrying: int | None = None,
    ) -> None:
        """Make a scheduler in which nothing waits or runs.

        Args:
            queue: The order of waiting operations.
            limit: How many run at once, at least 1.
            capacity: How many may wait for their first start, at least 0.
            max_retrying: While so many are between two attempts, no new operation is
                admitted; None for no such bound.
        """
        self.limit = limit
        self.capacity = capacity
        self.is_paused = False
        self.running = 0
        """How many hold a slot."""
        self.retrying = 0
        """How many are between two attempts."""
        self._max_retrying = max_retrying
        self._queue = queue
        self._deferred: set[Entry] = set()
        """Operations that may not start before their time."""

    @property
    def waiting(self) -> int:
        """How many wait for their first start."""
        return len(self._queue) + len(self._deferred)

    @property
    def has_slot(self) -> bool:
        """True while one more may run."""
        return self.running < self.limit and not self.is_paused

    # -- admission ---------------------------------------------------------------------

    def admits(self, key: Hashable, *, reserved: int = 0) -> bool:
        """Return whether one more operation of this key may wait or start now.

        Args:
            key: The operation's key.
            reserved: Places of ``capacity`` that are not for this operation.
        """
        if self._max_retrying is not None and self.retrying >= self._max_retrying:
            return False
        waiting = len(self._queue) + len(self._deferred)
        if waiting < self.capacity - reserved and self._queue.has_place(key):
            return True
        return self.has_slot and self._queue.is_free(key)

    def offer(self, operation: Entry, *, reserved: int = 0) -> list[Entry]:
        """Take a new operation; return it if it starts, else nothing.

        Raises:
            QueueFull: As many wait as may wait; nothing was changed.
        """
        if not self.admits(operation.key, reserved=reserved):
            raise self.full(operation.key, reserved=reserved)
        return self.take(operation)

    def take(self, operation: Entry) -> list[Entry]:
        """Take a new operation that ``admits`` allowed; return it if it starts."""
        if self.has_slot and self._queue.begin(operation):
            self.running += 1
            return [operation]
        self._queue.push(operation)
        return []

    def defer(self, operation: Entry, *, reserved: int = 0) -> None:
        """Take a new operation that waits until ``release``.

        Raises:
            QueueFull: As many wait as may wait; nothing was changed.
        """
        if self.waiting >= self.capacity - reserved:
            raise self.full(operation.key, reserved=reserved)
        self._deferred.add(operation)

    def is_deferred(self, operation: Entry) -> bool:
        """Return whether the operation may not start before its time."""
        return operation in self._deferred

    def full(self, key: Hashable, *, reserved: int = 0) -> QueueFull:
        """Return the error that says why no operation of this key may wait."""
        if not self._queue.has_place(key):
            return QueueFull(f"as many operations of {key!r} wait as may wait")
        kept = f", {reserved} of it reserved" if reserved else ""
        return QueueFull(
            f"{self.waiting} operations wait, capacity is {self.capacity}{kept}"
        )

    # -- waiting -----------------------------------------------------------------------

    def release(self, operation: Entry) -> list[Entry]:
        """Queue a deferred operation whose time has come; return the started ones."""
        self._deferred.discard(operation)
        self._queue.push(operation)
        return self._claim()

    def requeue(self, operation: Entry) -> list[Entry]:
        """Queue an operation whose next attempt is due; return the started ones."""
        self._queue.push_again(operation)
        return self._claim()

    def withdraw(self, operation: Entry) -> list[Entry]:
        """Take out a waiting operation; return the started ones."""
        if operation in self._deferred:
            self._deferred.discard(operation)
            return []
        self._queue.remove(operation)
        if operation.attempt:
            self.retrying -= 1
            self._queue.release(operation)
        return self._claim()

    def position(self, operation: Entry) -> int | None:
        """Return its place among waiting ones, from 1; None when it does not wait."""
        return self._queue.position(operation)

    # -- running -----------------------------------------------------------------------

    def rest(self, operation: Entry) -> list[Entry]:
        """Free an operation's slot until its next attempt; return the started ones.

        It still holds its key, so that the order within the key stays.
        """
        self.running -= 1
        self.retrying += 1
        return self._claim()

    def finish(self, operation: Entry) -> list[Entry]:
        """Free slot and key of an operation that ran; return the started ones."""
        self.running -= 1
        self._queue.release(operation)
        return self._claim()

    def resize(self, limit: int) -> list[Entry]:
        """Change how many run at once; return the started ones."""
        self.limit = limit
        return self._claim()

    def pause(self) -> None:
        """Start no more operations."""
        self.is_paused = True

    def resume(self) -> list[Entry]:
        """Start operations again; return the started ones."""
        self.is_paused = False
        return self._claim()

    def claim(self) -> list[Entry]:
        """Start what may start now although nothing has changed here: time has."""
        return self._claim()

    def _claim(self) -> list[Entry]:
        """Give each free slot to the operation that goes next."""
        started: list[Entry] = []
        while self.running < self.limit and not self.is_paused:
            operation = self._queue.pop()
            if operation is None:
                break
            self.running += 1
            if operation.attempt:
                self.retrying -= 1
            started.append(operation)
        return started
