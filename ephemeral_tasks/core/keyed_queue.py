"""Keys that take turns, each with a line of its own."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable
from itertools import count
from typing import Any

from .key_line import NONE, Line, Waiting
from .operation import Operation
from .queues import index_in

AnyOperation = Operation[Any, Any]


_Entry = tuple[int, int, int, Line]  # rank, turn, number: unique, the smallest first


class KeyedQueue:
    """Order within a key, turns between keys.

    The key whose head is most urgent goes next; among equals the key whose last turn is
    longest ago. A turn lasts as long as something of the key runs, so an idle key goes
    before a busy one, and a new key before one that has had a turn since it came. At
    most ``limit_per_key`` operations of a key run at once. A key without operations is
    forgotten. Belongs to one scheduler, whose caller serialises the calls.
    """

    def __init__(
        self,
        limit_per_key: int | Callable[[Hashable], int],
        *,
        urgent_first: bool = False,
    ) -> None:
        """Make an empty queue.

        Args:
            limit_per_key: The same for all keys, or a key's own.
            urgent_first: Whether within a key, too, the most urgent goes first; else
                the order within a key is that of submission.
        """
        self._limit_per_key = limit_per_key
        self._urgent_first = urgent_first
        self._lines: dict[Hashable, Line] = {}
        self._startable: list[_Entry] = []
        """A heap of lines that may start. An entry is dead once its line has another
        number."""
        self._numbers = count(1)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __contains__(self, key: Hashable) -> bool:
        """Return whether an operation of the key waits, runs or is between attempts."""
        return key in self._lines

    def count_waiting(self, key: Hashable) -> int:
        """Return how many operations of the key wait for their first start."""
        line = self._lines.get(key)
        return 0 if line is None else len(line.waiting)

    # -- new operations ----------------------------------------------------------------

    def has_place(self, key: Hashable) -> bool:
        """Return True: there is no bound but the scheduler's."""
        return True

    def is_free(self, key: Hashable) -> bool:
        """Return whether the key is below its limit and no operation of it waits."""
        line = self._lines.get(key)
        return line is None or (line.held < line.limit and line.is_empty())

    def begin(self, operation: AnyOperation) -> bool:
        """Start a new operation without waiting; False where its key is not free."""
        line = self._lines.get(operation.key)
        if line is None:
            line = self._new_line(operation.key)
        elif line.held >= line.limit or not line.is_empty():
            return False
        line.held += 1
        line.turn = next(self._numbers)
        return True

    def push(self, operation: AnyOperation) -> None:
        """Add a new operation at the end of its key's line."""
        line = self._lines.get(operation.key) or self._new_line(operation.key)
        line.waiting.add(operation, self._level(operation))
        self._length += 1
        if self._urgent_first or not line.number:  # else its head stays the same
            self._list(line)

    def _new_line(self, key: Hashable) -> Line:
        limit = self._limit_per_key
        line = Line(key, limit(key) if callable(limit) else limit, next(self._numbers))
        self._lines[key] = line
        return line

    def _level(self, operation: AnyOperation) -> int:
        return operation.priority if self._urgent_first else 0

    # -- turns -------------------------------------------------------------------------

    def push_again(self, operation: AnyOperation) -> None:
        """Add an operation whose next attempt is due before its key's new ones."""
        line = self._lines[operation.key]
        if line.again is NONE:
            line.again = Waiting()
        line.again.add(operation, self._level(operation))
        self._list(line)

    def pop(self) -> AnyOperation | None:
        """Take the head of the key whose turn it is."""
        while self._startable:
            number, line = heapq.heappop(self._startable)[2:]
            if number == line.number:  # else its head changed after this entry was made
                return self._take_from(line)
        return None

    def _take_from(self, line: Line) -> AnyOperation:
        line.number = 0
        line.turn = next(self._numbers)
        if line.again is not NONE and self._head(line) is line.again.first():
            operation = line.again.pop_first()
        else:
            operation = line.waiting.pop_first()
            line.held += 1
            self._length -= 1
        if not line.is_empty():
            self._list(line)
        return operation

    def _head(self, line: Line) -> AnyOperation | None:
        """Return the key's operation that may start next, a further attempt first.

        An operation between two attempts holds its place of the key already.
        """
        first = line.waiting.first() if line.held < line.limit else None
        if line.again is NONE:
            return first
        again = line.again.first()
        if again is None or first is None:
            return again or first
        return first if self._level(first) > self._level(again) else again

    def _discard(self, waiting: Waiting, operation: AnyOperation) -> bool:
        return bool(waiting) and waiting.discard(operation, self._level(operation))

    def remove(self, operation: AnyOperation) -> None:
        """Take out an operation that waits."""
        line = self._lines[operation.key]
        if self._discard(line.waiting, operation):
            self._length -= 1
        else:
            self._discard(line.again, operation)
        self._settle(line)

    def hold(self, operation: AnyOperation) -> None:
        """Give a started operation a place in its key, even above the limit."""
        line = self._lines.get(operation.key) or self._new_line(operation.key)
        if not line.held:
            line.turn = next(self._numbers)
        line.held += 1
        if not line.is_empty():
            self._list(line)

    def release(self, operation: AnyOperation) -> None:
        """Give back the place that a started operation held in its key."""
        line = self._lines[operation.key]
        line.held -= 1
        if not line.held:
            line.turn = next(self._numbers)
        self._settle(line)

    def _settle(self, line: Line) -> None:
        """Forget a line without operations, or list its head for a turn."""
        if not line.is_empty():
            self._list(line)
            return
        line.number = 0
        if not line.held:
            del self._lines[line.key]

    def _list(self, line: Line) -> None:
        """Enter a line by its head's rank, or strike it if none of it may start."""
        head = self._head(line)
        if head is None:
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

    # -- places ------------------------------------------------------------------------

    def position(self, operation: AnyOperation) -> int | None:
        """Return its place among waiting ones, from 1; None when it does not wait.

        Counts priorities and turns. An estimate where urgencies differ within a key or
        keys are at their limit: then it depends on which operation ends first.
        """
        own = self._lines.get(operation.key)
        if own is None:
            return None
        order = self._order_of(own)
        index = index_in(order, operation)
        if index is None:
            return None
        # It waits for all operations before it in its line, and for what they wait for.
        urgency = min(o.priority for o in [*order[:index], operation])
        is_between = operation not in order
        since = (own.held - is_between > len(own.again), own.turn)
        others = (line for line in self._lines.values() if line is not own)
        before = sum(self._turns_before(o, since, index, urgency) for o in others)
        return 1 + index + before

    def _order_of(self, line: Line) -> list[AnyOperation]:
        return sorted([*line.again, *line.waiting], key=lambda o: -self._level(o))

    def _turns_before(
        self, line: Line, since: tuple[bool, int], index: int, urgency: int
    ) -> int:
        """Return how many of another line go before the operation at ``index``.

        Args:
            line: The other line.
            since: Whether the operation's own key has its turn now, and since when it
                waits for one.
            index: The operation's index in its own line.
            urgency: The least priority up to there.
        """
        urgent = equal = 0
        turns = index + ((line.is_busy(), line.turn) < since)
        for operation in self._order_of(line):
            if operation.priority > urgency:
                urgent += 1
            elif operation.priority == urgency and equal < turns:
                equal += 1
            else:
                break
        return urgent + equal
