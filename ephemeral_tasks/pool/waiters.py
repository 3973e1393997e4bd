"""Waiting for an operation's end from other threads and loops."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from ..core.operation import Operation, Waiter

if TYPE_CHECKING:
    from .pool import Pool


async def wait(pool: Pool, operation: Operation[Any, Any]) -> None:
    """Wait for an operation's end on the caller's own loop."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    bell = LoopBell(future)
    pool.thread.post(add_waiter, operation, bell)
    try:
        await future
    except asyncio.CancelledError:
        pool.post(_remove_waiter, operation, bell)
        raise


def wait_in_thread(
    pool: Pool, operation: Operation[Any, Any], timeout: float | None
) -> bool:
    """Wait for an operation's end in a thread; False when it took too long."""
    bell = ThreadBell()
    pool.thread.post(add_waiter, operation, bell)
    if bell.event.wait(timeout):
        return True
    pool.post(_remove_waiter, operation, bell)
    return False


def add_waiter(operation: Operation[Any, Any], bell: Waiter) -> None:
    """Ring at the operation's end, or now when it has ended; on the loop."""
    if operation.is_finished:
        bell.set_result(None)
        return
    if operation.waiters is None:
        operation.waiters = []
    operation.waiters.append(bell)


def _remove_waiter(operation: Operation[Any, Any], bell: Waiter) -> None:
    if operation.waiters is not None and bell in operation.waiters:
        operation.waiters.remove(bell)


class ThreadBell:
    """Rings an event of another thread; stands among an operation's waiters."""

    __slots__ = ("event",)

    def __init__(self) -> None:
        self.event = threading.Event()

    def done(self) -> bool:
        """Return whether it has rung."""
        return self.event.is_set()

    def set_result(self, result: None, /) -> None:
        """Ring."""
        self.event.set()


class LoopBell:
    """Rings a future of another loop; stands among an operation's waiters."""

    __slots__ = ("_future", "_loop")

    def __init__(self, future: asyncio.Future[None]) -> None:
        self._future = future
        self._loop = future.get_loop()

    def done(self) -> bool:
        """Return False: only the other loop knows, and it minds no second ring."""
        return False

    def set_result(self, result: None, /) -> None:
        """Ring, unless the other loop has ended meanwhile."""
        try:
            self._loop.call_soon_threadsafe(self._ring)
        except RuntimeError:
            return

    def _ring(self) -> None:
        if not self._future.done():
            self._future.set_result(None)
