"""The operations of one key, and when the key had its last turn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Any

from .operation import Operation

AnyOperation = Operation[Any, Any]


class Waiting:
    """Waiting operations, the higher level first, in order within a level."""

    __slots__ = ("_levels",)

    def __init__(self) -> None:
        # Ordered dicts: removal in the middle and at the front in constant time.
        self._levels: dict[int, OrderedDict[AnyOperation, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._levels)

    def __iter__(self) -> Iterator[AnyOperation]:
        for level in sorted(self._levels, reverse=True):
            yield from self._levels[level]

    def __len__(self) -> int:
        return sum(map(len, self._levels.values()))

    def add(self, operation: AnyOperation, level: int) -> None:
        """Add an operation at the end of its level."""
        self._levels.setdefault(level, OrderedDict())[operation] = None

    def first(self) -> AnyOperation | None:
        """Return the first operation; None where none waits."""
        levels = self._levels
        return next(iter(levels[max(levels)])) if levels else None

    def pop_first(self) -> AnyOperation:
        """Take the first operation out."""
        level = max(self._levels)
        found = self._levels[level]
        operation, _ = found.popitem(last=False)
        if not found:
            del self._levels[level]
        return operation

    def discard(self, operation: AnyOperation, level: int) -> bool:
        """Take an operation out; False when it is not here."""
        found = self._levels.get(level)
        if found is None or operation not in found:
            return False
        del found[operation]
        if not found:
            del self._levels[level]
        return True


NONE = Waiting()  # shared by the many lines without further attempts; never filled


class Line:
    """The operations of one key."""

    __slots__ = ("again", "held", "key", "limit", "listed", "number", "turn", "waiting")

    def __init__(self, key: Hashable, limit: int, turn: int) -> None:
        self.key = key
        self.limit = limit
        """How many of the key may be started and unfinished at once."""
        self.waiting = Waiting()
        """Operations before their first start."""
        self.again = NONE
        """Operations whose next attempt is due."""
        self.held = 0
        """How many have started and not finished, pauses between attempts included."""
        self.turn = turn
        """When its last turn began or ended, or the key came; a count, not a time."""
        self.number = 0
        """Names its live entry in the heap of startable lines; 0 for none."""
        self.listed = 0
        """The rank in that entry."""

    def is_busy(self) -> bool:
        """Return whether an operation of the key runs or pauses between attempts."""
        return self.held > len(self.again)

    def is_empty(self) -> bool:
        """Return whether no operation of the key waits."""
        return not (self.waiting._levels or self.again._levels)

    def rank(self, priority: int) -> int:
        """Return its rank, the smallest first: by urgency, then idle keys first."""
        return self.is_busy() - 2 * priority
