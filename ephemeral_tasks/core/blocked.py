"""Submitters that wait until a coordinator has a place for their operation."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from .operation import Operation

AnyOperation = Operation[Any, Any]


class BlockedSubmitters:
    """The operations of waiting submitters, each with the future that is awaited.

    In the order of the calls. Belongs to one loop: no lock protects it.
    """

    def __init__(self, urgency: Iterable[Hashable] = ()) -> None:
        """Make it empty.

        Args:
            urgency: The keys whose operations go first, in this order; where it is
                empty all keys are equal.
        """
        self._urgency = tuple(urgency)
        self._turns: OrderedDict[AnyOperation, asyncio.Future[None]] = OrderedDict()
        self._keys: Counter[Hashable] = Counter()
        """How many are blocked of each key."""

    def __bool__(self) -> bool:
        return bool(self._turns)

    def has_key(self, key: Hashable) -> bool:
        """Return whether an operation of this key is blocked."""
        return key in self._keys

    def add(self, operation: AnyOperation) -> asyncio.Future[None]:
        """Return a future that is done once the operation was admitted, or at close."""
        turn = asyncio.get_running_loop().create_future()
        self._turns[operation] = turn
        self._keys[operation.key] += 1
        return turn

    def discard(self, operation: AnyOperation) -> bool:
        """Take an operation out; False when it was not blocked any more."""
        return self._pop(operation) is not None

    def _pop(self, operation: AnyOperation) -> asyncio.Future[None] | None:
        turn = self._turns.pop(operation, None)
        if turn is not None:
            self._keys[operation.key] -= 1
            if not self._keys[operation.key]:
                del self._keys[operation.key]
        return turn

    def pop_first(self, is_admitted: Callable[[Hashable], bool]) -> AnyOperation | None:
        """Take the first operation that is admitted, and wake its submitter."""
        while (found := self._first(is_admitted)) is not None:
            turn = self._pop(found)
            if turn is not None and not turn.done():
                turn.set_result(None)
                return found
            # Else its submitter was cancelled in this turn of the loop.
        return None

    def _first(self, is_admitted: Callable[[Hashable], bool]) -> AnyOperation | None:
        if not self._urgency:
            return next((one for one in self._turns if is_admitted(one.key)), None)
        for key in self._urgency:
            if key in self._keys and is_admitted(key):
                return next(one for one in self._turns if one.key == key)
        return None

    def close(self) -> None:
        """Wake all submitters; none of their operations was admitted."""
        self._keys.clear()
        while self._turns:
            _, turn = self._turns.popitem()
            if not turn.done():
                turn.set_result(None)
