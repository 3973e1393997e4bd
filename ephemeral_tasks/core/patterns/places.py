"""A bound of what may wait, whose places are given in the order of the calls."""

from __future__ import annotations

import asyncio
from collections import deque


class Places:
    """A semaphore that can be asked without waiting, and closed.

    Belongs to one loop: no lock protects it.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[asyncio.Future[bool]] = deque()

    def take_nowait(self) -> bool:
        """Take a place; False where there is none."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def take(self) -> bool:
        """Take a place as soon as there is one; False after ``close``."""
        if self.take_nowait():
            return True
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            is_taken: bool = await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.result():
                self.give(1)  # it was given just now, and nobody takes it
            raise
        return is_taken

    def give(self, count: int) -> None:
        """Give places back; the calls that wait get them first."""
        self._free += count
        while self._waiting and self._free:
            turn = self._waiting.popleft()
            if not turn.done():  # else its caller was cancelled
                self._free -= 1
                turn.set_result(True)

    def close(self) -> None:
        """End all calls that wait; they get no place."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(False)
