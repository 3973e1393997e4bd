"""The asyncio tasks of one socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from ..core.clock import Clock


class SocketTasks:
    """Runs what a socket does beside its messages; all belongs to the socket's loop."""

    def __init__(self, on_error: Callable[[BaseException], object]) -> None:
        """``on_error`` gets what a task raised."""
        self._on_error = on_error
        self._tasks: set[asyncio.Task[None]] = set()
        """Referred to here: the loop alone would let them be collected."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_finished)
        return task

    def _on_finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._on_error(error)


async def pause(clock: Clock, seconds: float) -> None:
    """Wait by this clock."""
    done = asyncio.Event()
    clock.call_later(seconds, done.set)
    await done.wait()
