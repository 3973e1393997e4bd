"""Waiting for an operation's end from other threads and loops."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import Any

from ..core.errors import Closed
from ..core.operation import Operation
from .loop import LoopThread


async def wait(loop: LoopThread, operation: Operation[Any, Any]) -> None:
    """Wait for an operation's end on the caller's own loop.

    Raises:
        Closed: The pool's loop has stopped for good.
    """
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiter = LoopWaiter(future)
    loop.post(operation.add_waiter, waiter)
    try:
        with loop.waiting(partial(waiter.set_result, None)):
            await future
    except asyncio.CancelledError:
        loop.try_post(operation.remove_waiter, waiter)
        raise
    _check_end(operation)


def wait_in_thread(
    loop: LoopThread, operation: Operation[Any, Any], timeout: float | None
) -> bool:
    """Wait for an operation's end in a thread; False when it took too long.

    Raises:
        Closed: The pool's loop has stopped for good.
    """
    waiter = ThreadWaiter()
    loop.post(operation.add_waiter, waiter)
    with loop.waiting(partial(waiter.set_result, None)):
        is_woken = waiter.event.wait(timeout)
    if is_woken:
        _check_end(operation)
        return True
    loop.try_post(operation.remove_waiter, waiter)
    return False


def _check_end(operation: Operation[Any, Any]) -> None:
    """Raise Closed if the loop has stopped before the operation's end."""
    if not operation.is_finished:
        raise Closed("closed: the pool's thread has ended")


class ThreadWaiter:
    """Sets an event of another thread; stands among an operation's waiters."""

    __slots__ = ("event",)

    def __init__(self) -> None:
        self.event = threading.Event()

    def done(self) -> bool:
        """Return whether it no longer waits."""
        return self.event.is_set()

    def set_result(self, result: None, /) -> None:
        """Set the event."""
        self.event.set()


class LoopWaiter:
    """Ends a future of another loop; stands among an operation's waiters."""

    __slots__ = ("_future", "_loop")

    def __init__(self, future: asyncio.Future[None]) -> None:
        self._future = future
        self._loop = future.get_loop()

    def done(self) -> bool:
        """Return False: only the other loop knows, and a second call does no harm."""
        return False

    def set_result(self, result: None, /) -> None:
        """End the future, unless its loop was closed meanwhile."""
        try:
            self._loop.call_soon_threadsafe(self._end)
        except RuntimeError:
            return

    def _end(self) -> None:
        if not self._future.done():
            self._future.set_result(None)
