"""A bound on what happens at once in a process, for many threads and loops."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from threading import Lock


class Turns:
    """Lets a few go on at once; the others wait in order and block no loop.

    asyncio's own semaphore belongs to one loop. Under WSGI each request has its own.
    """

    def __init__(self, limit: int) -> None:
        self._lock = Lock()  # protects the next two lines
        self._free = limit
        self._waiting: deque[Future[None]] = deque()

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it within the block."""
        await self._acquire()
        try:
            yield
        finally:
            self._release()

    async def _acquire(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn: Future[None] = Future()
            self._waiting.append(turn)
        try:
            await asyncio.wrap_future(turn)
        except asyncio.CancelledError:
            if not turn.cancel():  # it was given just now
                self._release()
            raise

    def _release(self) -> None:
        with self._lock:
            while self._waiting:
                turn = self._waiting.popleft()
                if turn.set_running_or_notify_cancel():
                    turn.set_result(None)
                    return
            self._free += 1
