"""Submitters that wait until a coordinator has a place for their operation."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from .operation import Operation

AnyOperation = Operation[Any, Any]


class BlockedSubmitters(OrderedDict[AnyOperation, "asyncio.Future[None]"]):
    """The operations of waiting submitters, each with the future that is awaited.

    In the order of the calls. Belongs to one loop: no lock protects it.
    """

    def has_key(self, key: Hashable) -> bool:
        """Return whether an operation of this key is blocked."""
        return any(operation.key == key for operation in self)

    def add(self, operation: AnyOperation) -> asyncio.Future[None]:
        """Return a future that is done once the operation was admitted, or at close."""
        turn = self[operation] = asyncio.get_running_loop().create_future()
        return turn

    def discard(self, operation: AnyOperation) -> bool:
        """Take an operation out; False when it was not blocked any more."""
        return self.pop(operation, None) is not None

    def pop_first(self, is_admitted: Callable[[Hashable], bool]) -> AnyOperation | None:
        """Take the first operation that is admitted, and wake its submitter."""
        while True:
            found = next((one for one in self if is_admitted(one.key)), None)
            if found is None:
                return None
            turn = self.pop(found)
            if not turn.done():  # else its submitter was cancelled in this turn
                turn.set_result(None)
                return found

    def close(self) -> None:
        """Wake all submitters; none of their operations was admitted."""
        while self:
            _, turn = self.popitem()
            if not turn.done():
                turn.set_result(None)
