"""The order in which waiting operations start.

A queue belongs to one coordinator and is changed on its loop alone. An operation that
is between two attempts keeps its place: it has left the queue for its first start, and
``push_again`` puts it before all that wait behind it.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from itertools import count
from typing import Any, Protocol

from .operation import Operation

AnyOperation = Operation[Any, Any]
_Waiting = OrderedDict[AnyOperation, None]  # ordered, with removal in the middle


class Queue(Protocol):
    """What a coordinator asks of the order of its operations."""

    def __len__(self) -> int:
        """Return how many wait for their first start."""

    def is_free(self, key: Hashable) -> bool:
        """Return whether an operation with this key could start at once."""

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
        """Return its place among those that wait, from 1; from any thread."""


class FifoQueue:
    """First come, first served."""

    def __init__(self) -> None:
        self._waiting: _Waiting = OrderedDict()
        self._again: _Waiting = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def is_free(self, key: Hashable) -> bool:
        """Return True: nobody waits for anybody but the limit."""
        return True

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
        """Return its place among those that wait, from 1."""
        # list() of an ordered dict runs no Python code, so the loop cannot come between
        line = [*list(self._again), *list(self._waiting)]
        return line.index(operation) + 1 if operation in line else None


class _Line:
    """The operations of one key, in the order of their submission."""

    __slots__ = ("again", "entry", "held", "key", "turn", "waiting")

    def __init__(self, key: Hashable, turn: int) -> None:
        self.key = key
        self.waiting: _Waiting = OrderedDict()
        self.again: _Waiting = OrderedDict()
        self.held = 0
        """How many have started and not finished, pauses between attempts included."""
        self.turn = turn
        """When the key had its last turn, or came; a count, not a time."""
        self.entry: _Entry | None = None
        """Its live entry in the heap of those that may start."""

    def head(self) -> AnyOperation | None:
        return next(iter(self.again or self.waiting), None)


_Entry = tuple[int, int, int, _Line]  # most urgent first, longest ago first, unique


class KeyedQueue:
    """Order within a key, turns between keys.

    The key whose head is most urgent goes next; among equals the one whose last turn
    is longest ago. At most ``limit_per_key`` operations of a key run at once. A key
    without operations is forgotten.
    """

    def __init__(self, limit_per_key: int) -> None:
        self.limit_per_key = limit_per_key
        self._lines: dict[Hashable, _Line] = {}
        self._startable: list[_Entry] = []
        self._numbers = count(1)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def is_free(self, key: Hashable) -> bool:
        """Return whether the key runs less than it may and nothing of it waits."""
        line = self._lines.get(key)
        return line is None or (line.held < self.limit_per_key and line.head() is None)

    def push(self, operation: AnyOperation) -> None:
        """Let a new operation wait at the end of its key's line."""
        line = self._lines.get(operation.key)
        if line is None:
            line = _Line(operation.key, next(self._numbers))
            self._lines[operation.key] = line
        line.waiting[operation] = None
        self._length += 1
        self._list(line)

    def push_again(self, operation: AnyOperation) -> None:
        """Let an operation whose next attempt is due go before its key's new ones."""
        line = self._lines[operation.key]
        line.again[operation] = None
        self._list(line)

    def pop(self) -> AnyOperation | None:
        """Take the head of the key whose turn it is."""
        while self._startable:
            entry = heapq.heappop(self._startable)
            line = entry[3]
            if entry is not line.entry:
                continue  # the line's head changed after this entry was made
            line.entry = None
            line.turn = next(self._numbers)
            if line.again:
                operation, _ = line.again.popitem(last=False)
            else:
                operation, _ = line.waiting.popitem(last=False)
                line.held += 1
                self._length -= 1
            self._list(line)
            return operation
        return None

    def remove(self, operation: AnyOperation) -> None:
        """Take out an operation that waits."""
        line = self._lines.get(operation.key)
        if line is None:
            return
        if operation in line.waiting:
            del line.waiting[operation]
            self._length -= 1
        line.again.pop(operation, None)
        self._settle(line)

    def release(self, operation: AnyOperation) -> None:
        """Let the next one of the key start."""
        line = self._lines[operation.key]
        line.held -= 1
        self._settle(line)

    def _settle(self, line: _Line) -> None:
        if not line.held and line.head() is None:
            del self._lines[line.key]
            line.entry = None
            self._compact()
        else:
            self._list(line)

    def _list(self, line: _Line) -> None:
        """Give a line that may start an entry that fits its head, and no other line."""
        head = line.head()
        if head is None or not (line.again or line.held < self.limit_per_key):
            line.entry = None
        elif line.entry is None or line.entry[0] != -head.priority:
            line.entry = (-head.priority, line.turn, next(self._numbers), line)
            heapq.heappush(self._startable, line.entry)

    def _compact(self) -> None:
        """Drop dead entries before they outnumber the lines."""
        if len(self._startable) > 2 * len(self._lines) + 64:
            self._startable = [e for e in self._startable if e is e[3].entry]
            heapq.heapify(self._startable)

    def position(self, operation: AnyOperation) -> int | None:
        """Return its place among those that wait, from 1; counts priorities and turns.

        An estimate where keys are at their limit: who runs shortest goes first.
        """
        # list() of a dict's values runs no Python code: no other thread comes between
        lines = list(self._lines.values())
        own = self._lines.get(operation.key)
        if own is None:
            return None
        order = [*list(own.again), *list(own.waiting)]
        if operation not in order:
            return None
        index = order.index(operation)
        return (
            1
            + index
            + sum(
                _turns_before(line, own.turn, index, operation.priority)
                for line in lines
                if line is not own
            )
        )


def _turns_before(line: _Line, turn: int, index: int, priority: int) -> int:
    """Return how many of another line go before the one at ``index`` of a line."""
    waiting: Iterable[AnyOperation] = [*list(line.again), *list(line.waiting)]
    urgent = equal = 0
    for operation in waiting:
        if operation.priority < priority:
            break
        if operation.priority > priority:
            urgent += 1
        else:
            equal += 1
    turns = index + (line.turn < turn)
    return urgent + min(equal, turns)
