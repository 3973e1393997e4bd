"""A semaphore that many threads and loops of a process share."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from threading import Lock


class Semaphore:
    """At most ``limit`` holders at once; the others wait in order and block no loop.

    asyncio's own semaphore belongs to one loop. Under WSGI each request has its own.
    """

    def __init__(self, limit: int) -> None:
        self._lock = Lock()  # protects the next two lines; never held across an await
        self._free = limit
        self._waiting: deque[Future[None]] = deque()

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it within the block."""
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
            place: Future[None] = Future()
            self._waiting.append(place)
        try:
            await asyncio.wrap_future(place)
        except asyncio.CancelledError:
            if not place.cancel():  # it was given just now
                self._release()
            raise

    def _release(self) -> None:
        with self._lock:
            while self._waiting:
                place = self._waiting.popleft()
                if place.set_running_or_notify_cancel():
                    place.set_result(None)
                    return
            self._free += 1
