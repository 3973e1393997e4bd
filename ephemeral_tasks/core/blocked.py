"""Submitters that wait until a coordinator has a place for their operation."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from .operation import Operation

AnyOperation = Operation[Any, Any]


class BlockedSubmitters:
    """The operations of waiting submitters, in the order of their calls.

    Belongs to one loop: no lock protects it.
    """

    def __init__(self) -> None:
        self._turns: OrderedDict[AnyOperation, asyncio.Future[None]] = OrderedDict()
        """Each with the future that its submitter awaits."""

    def __bool__(self) -> bool:
        return bool(self._turns)

    def has_key(self, key: Hashable) -> bool:
        """Return whether an operation of this key is blocked."""
        return any(operation.key == key for operation in self._turns)

    def add(self, operation: AnyOperation) -> asyncio.Future[None]:
        """Return a future that is done once the operation was admitted, or at close."""
        turn = self._turns[operation] = asyncio.get_running_loop().create_future()
        return turn

    def discard(self, operation: AnyOperation) -> bool:
        """Take an operation out; False when it was not blocked any more."""
        return self._turns.pop(operation, None) is not None

    def pop_first(self, is_admitted: Callable[[Hashable], bool]) -> AnyOperation | None:
        """Take the first operation that is admitted, and wake its submitter."""
        for operation, turn in self._turns.items():
            if is_admitted(operation.key):
                del self._turns[operation]
                if turn.done():  # its submitter was cancelled in this turn of the loop
                    return self.pop_first(is_admitted)
                turn.set_result(None)
                return operation
        return None

    def close(self) -> None:
        """Wake all submitters; none of their operations was admitted."""
        while self._turns:
            _, turn = self._turns.popitem()
            if not turn.done():
                turn.set_result(None)
