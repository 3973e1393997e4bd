"""Keys that take turns, each with a line of its own."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Hashable
from itertools import count

from .queues import (
    AnyOperation,
    Waiting,
    index_in,
    ordered,
)

_NONE: Waiting = OrderedDict()  # of the many keys of which nothing is tried again


class _Line:
    """The operations of one key, in the order of their submission."""

    __slots__ = ("again", "held", "key", "listed", "number", "turn", "waiting")

    def __init__(self, key: Hashable, turn: int) -> None:
        self.key = key
        self.waiting: Waiting = OrderedDict()
        self.again: Waiting = _NONE
        self.held = 0
        """How many have started and not finished, pauses between attempts included."""
        self.turn = turn
        """When its last turn began or ended, or the key came; a count, not a time."""
        self.number = 0
        """Names its live entry in the heap of those that may start; 0 for none."""
        self.listed = 0
        """The rank in that entry."""

    def is_busy(self) -> bool:
        """Return whether something of the key runs, or will after its pause."""
        return self.held > len(self.again)

    def rank(self, priority: int) -> int:
        """Return what goes first, the smaller: more urgent, then without a turn now."""
        return self.is_busy() - 2 * priority

    def head(self) -> AnyOperation | None:
        return next(iter(self.again or self.waiting), None)


_Entry = tuple[int, int, int, _Line]  # rank, turn, number: unique, the smallest first


class KeyedQueue:
    """Order within a key, turns between keys.

    The key whose head is most urgent goes next; among equals the one whose last turn
    is longest ago. A turn lasts as long as something of the key runs, so who runs
    nothing goes before who does, and a newcomer before who had a turn since. At most
    ``limit_per_key`` operations of a key run at once. A key without operations is
    forgotten.
    """

    def __init__(self, limit_per_key: int) -> None:
        self._limit_per_key = limit_per_key
        self._lines: dict[Hashable, _Line] = {}
        self._startable: list[_Entry] = []
        self._numbers = count(1)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def is_free(self, key: Hashable) -> bool:
        """Return whether the key runs less than it may and nothing of it waits."""
        line = self._lines.get(key)
        return line is None or (line.held < self._limit_per_key and line.head() is None)

    def push(self, operation: AnyOperation) -> None:
        """Let a new operation wait at the end of its key's line."""
        line = self._lines.get(operation.key)
        if line is None:
            line = _Line(operation.key, next(self._numbers))
            self._lines[operation.key] = line
        line.waiting[operation] = None
        self._length += 1
        if not line.number:
            self._list(line)

    def push_again(self, operation: AnyOperation) -> None:
        """Let an operation whose next attempt is due go before its key's new ones."""
        line = self._lines[operation.key]
        if line.again is _NONE:
            line.again = OrderedDict()
        line.again[operation] = None
        self._list(line)

    def pop(self) -> AnyOperation | None:
        """Take the head of the key whose turn it is."""
        while self._startable:
            number, line = heapq.heappop(self._startable)[2:]
            if number == line.number:  # else its head changed after this entry was made
                return self._take_from(line)
        return None

    def _take_from(self, line: _Line) -> AnyOperation:
        line.number = 0
        line.turn = next(self._numbers)
        if line.again:
            operation, _ = line.again.popitem(last=False)
        else:
            operation, _ = line.waiting.popitem(last=False)
            line.held += 1
            self._length -= 1
        self._list(line)
        return operation

    def remove(self, operation: AnyOperation) -> None:
        """Take out an operation that waits."""
        line = self._lines[operation.key]
        if operation in line.waiting:
            del line.waiting[operation]
            self._length -= 1
        line.again.pop(operation, None)
        self._settle(line)

    def release(self, operation: AnyOperation) -> None:
        """Let the next one of the key start."""
        line = self._lines[operation.key]
        line.held -= 1
        if not line.held:
            line.turn = next(self._numbers)
        self._settle(line)

    def _settle(self, line: _Line) -> None:
        """Forget a line that nothing holds, or let its head have a turn."""
        if not line.held and line.head() is None:
            del self._lines[line.key]
            line.number = 0
        else:
            self._list(line)

    def _list(self, line: _Line) -> None:
        """Give a line that may start an entry that fits its head, and no other line."""
        head = line.head()
        if head is None or not (line.again or line.held < self._limit_per_key):
            line.number = 0
            return
        rank = line.rank(head.priority)
        if not line.number or line.listed != rank:
            line.number, line.listed = next(self._numbers), rank
            heapq.heappush(self._startable, (rank, line.turn, line.number, line))
            self._compact()

    def _compact(self) -> None:
        """Drop dead entries before they outnumber the lines."""
        if len(self._startable) > 2 * len(self._lines) + 64:
            self._startable = [e for e in self._startable if e[2] == e[3].number]
            heapq.heapify(self._startable)

    def position(self, operation: AnyOperation) -> int | None:
        """Return its place among those that wait, from 1; None when it does not.

        Counts priorities and turns. An estimate where urgencies differ within a key or
        keys are at their limit: then it depends on who ends first.
        """
        own = self._lines.get(operation.key)
        if own is None:
            return None
        order = ordered(own.again, own.waiting)
        index = index_in(order, operation)
        if index is None:
            return None
        # One waits for all before it in its line, and so no less than they do.
        urgency = min(o.priority for o in [*order[:index], operation])
        is_between = operation not in order
        since = (own.held - is_between > len(own.again), own.turn)
        # list() of a dict's values runs no Python code: no other thread comes between
        others = [line for line in list(self._lines.values()) if line is not own]
        before = sum(_turns_before(line, since, index, urgency) for line in others)
        return 1 + index + before


def _turns_before(
    line: _Line, since: tuple[bool, int], index: int, urgency: int
) -> int:
    """Return how many of another line go before the one at ``index`` of one's own.

    Args:
        since: Whether one's own key has its turn now, and since when it waits for one.
    """
    urgent = equal = 0
    turns = index + ((line.is_busy(), line.turn) < since)
    for operation in ordered(line.again, line.waiting):
        if operation.priority > urgency:
            urgent += 1
        elif operation.priority == urgency and equal < turns:
            equal += 1
        else:
            break
    return urgent + equal
