"""Whether one more operation may wait: known to any thread, at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from ..conf import Config
from ..core.errors import QueueFull
from .operation import PoolOperation

_NEVER = object()  # the key of what is not due


class Room:
    """Counts what waits and what runs, ahead of the loop.

    Everything is read and changed under the kept's lock. What could start at once does
    not wait: it is let in beyond ``MAX_WAITING``.
    """

    def __init__(self, config: Config) -> None:
        self.most = config.max_waiting
        """How many may wait."""
        self.limit = config.max_running
        """How many may run at once."""
        self.is_paused = False
        """True while nothing starts."""
        self.waiting = 0
        """Taken, neither started nor told to end."""
        self._running = 0
        self._per_key = config.max_running_per_owner
        self._waiting_of: Counter[Hashable] = Counter()
        self._held_of: Counter[Hashable] = Counter()
        """How many of a key have started and not ended; like the other by key."""
        self._startable = 0
        """How many would start if there were slots for all; less than those that
        wait where a key is at its own limit."""

    def take(self, operation: PoolOperation, *, is_due: bool = True) -> None:
        """Count a new operation, which may start at once or when it is due.

        Raises:
            QueueFull: As many wait as may wait; nothing was changed.
        """
        if self.is_full(operation.key if is_due else _NEVER):
            raise QueueFull(f"{self.most} operations wait, MAX_WAITING is {self.most}")
        operation.is_counted = True
        self.waiting += 1
        if is_due:
            self.due(operation)

    def due(self, operation: PoolOperation) -> None:
        """Count an operation that may start from now on."""
        operation.is_due = True
        if operation.is_counted:
            self._change(operation.key, waiting=1)

    def is_full(self, key: Hashable = None) -> bool:
        """Return whether one more of this key would be one too many."""
        free = 0 if self.is_paused else max(0, self.limit - self._running)
        startable = self._startable + self._room_of(key)
        return self.waiting + 1 - min(free, startable) > self.most

    def _room_of(self, key: Hashable) -> int:
        """Return 1 when one more of the key could start, else 0."""
        if key is _NEVER:
            return 0
        if self._per_key is None:
            return 1
        return int(self._waiting_of[key] + self._held_of[key] < self._per_key)

    def start(self, operation: PoolOperation) -> None:
        """Count an attempt that starts."""
        self._running += 1
        operation.has_slot = True
        if operation.is_counted:
            self.leave(operation)
            self._change(operation.key, held=1)

    def leave(self, operation: PoolOperation) -> None:
        """Count an operation that no longer waits, whether it starts or ends."""
        if operation.is_counted:
            operation.is_counted = False
            self.waiting -= 1
            if operation.is_due:
                self._change(operation.key, waiting=-1)

    def stop(self, operation: PoolOperation) -> None:
        """Count an attempt that has ended, and the operation when it has."""
        if operation.has_slot:
            operation.has_slot = False
            self._running -= 1
        if operation.is_finished:
            self.leave(operation)
            if operation.attempt:
                self._change(operation.key, held=-1)

    def _change(self, key: Hashable, *, waiting: int = 0, held: int = 0) -> None:
        if self._per_key is None:
            self._startable += waiting
            return
        self._startable -= self._startable_of(key)
        for counter, change in ((self._waiting_of, waiting), (self._held_of, held)):
            counter[key] += change
            if not counter[key]:
                del counter[key]
        self._startable += self._startable_of(key)

    def _startable_of(self, key: Hashable) -> int:
        most = self._per_key or 0
        return min(self._waiting_of[key], max(0, most - self._held_of[key]))
