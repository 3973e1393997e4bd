"""Warnings about bodies that block the loop, and bodies that do not end."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ..core.clock import Clock
from ..core.context import CURRENT
from .log import log
from .loop import LoopThread
from .operation import PoolOperation

_BEAT_SECONDS = 1.0  # how often the loop notes that it turns
_STALL_SECONDS = 5.0  # after so long without a beat the pool is not healthy
_END_SECONDS = 0.1  # how long an end waits for the thread
_STUCK_SECONDS = 5.0  # after so long a cancelled body counts as stuck


class Watchdog:
    """A thread that asks the loop whether it turns, while bodies run.

    It must keep no operation alive, so it remembers ids.
    """

    def __init__(
        self,
        loop: LoopThread,
        *,
        clock: Clock,
        find: Callable[[str], PoolOperation | None],
        count_running: Callable[[], int],
        tolerated_seconds: float,
    ) -> None:
        """Make a watchdog that does not watch yet.

        Args:
            loop: The pool's.
            clock: Where the time of stuck bodies comes from.
            find: Gives an unfinished operation by its id; from any thread.
            count_running: Gives how many bodies run; from any thread.
            tolerated_seconds: How long a body may block the loop without a warning.
        """
        self._loop = loop
        self._clock = clock
        self._find = find
        self._count_running = count_running
        self._tolerated_seconds = tolerated_seconds
        self._is_busy = threading.Event()
        """Set while a body runs; the thread waits for it."""
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._watch, name="ephemeral-tasks-watchdog", daemon=True
        )
        self._beat_monotonic = self._due_monotonic = time.monotonic()
        """When the loop beat last and when it should next; written on the loop, read by
        any thread."""
        self._lag_seconds = 0.0
        """How late the newest beat was; written on the loop, read by any thread."""
        self._stuck: set[str] = set()
        """Ids of operations; changed on the loop."""

    def start(self) -> None:
        """Watch from now on; on the loop."""
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """Watch no more and wait a moment for the thread; from any thread."""
        self._stopped.set()
        self._is_busy.set()
        if self._thread.is_alive():
            self._thread.join(_END_SECONDS)

    # -- the loop's beat ---------------------------------------------------------------

    def _beat(self) -> None:
        now = time.monotonic()
        self._lag_seconds = max(0.0, now - self._due_monotonic)
        self._beat_monotonic, self._due_monotonic = now, now + _BEAT_SECONDS
        self._loop.loop.call_later(_BEAT_SECONDS, self._beat)

    def lag_seconds(self) -> float:
        """Return how late the newest beat was or is; from any thread."""
        return max(self._lag_seconds, time.monotonic() - self._due_monotonic)

    def is_stalled(self) -> bool:
        """Return whether the loop has not turned for 5 s; from any thread."""
        return time.monotonic() - self._beat_monotonic > _STALL_SECONDS

    # -- bodies that do not end --------------------------------------------------------

    def watch_end(self, operation: PoolOperation) -> None:
        """Warn later if a cancelled or timed-out body still runs; on the loop."""
        self._clock.call_later(
            _STUCK_SECONDS, self._warn_if_stuck, operation.id, operation.attempt
        )

    def _warn_if_stuck(self, id: str, attempt: int) -> None:
        operation = self._find(id)
        if operation is None or operation.attempt != attempt or id in self._stuck:
            return
        if not operation.is_interrupted:
            return
        self._stuck.add(id)
        log(
            logging.WARNING,
            "the body of operation id=%s task=%s still runs %.0f s after its "
            "cancel or time-out",
            id,
            operation.task.name,
            _STUCK_SECONDS,
        )

    def forget(self, id: str) -> None:
        """Called on the loop when an attempt has ended."""
        self._stuck.discard(id)

    def stuck(self) -> int:
        """Return how many bodies still run 5 s after their cancel or time-out."""
        return len(self._stuck)

    # -- bodies that block the loop ----------------------------------------------------

    def wake(self) -> None:
        """Called on the loop when a body starts."""
        if not self._is_busy.is_set():
            self._is_busy.set()

    def _watch(self) -> None:
        tolerated = self._tolerated_seconds
        while not self._stopped.is_set():
            self._is_busy.wait()
            self._is_busy.clear()  # first: a body that starts now sets it again
            if not self._count_running():
                continue
            self._is_busy.set()
            turned, asked_monotonic = threading.Event(), time.monotonic()
            if not self._ask(turned):
                return
            if not turned.wait(tolerated):
                self._blame(turned, asked_monotonic)
            self._stopped.wait(tolerated / 5)

    def _ask(self, turned: threading.Event) -> bool:
        try:
            self._loop.loop.call_soon_threadsafe(turned.set)
        except RuntimeError:  # the loop has stopped
            return False
        return True

    def _blame(self, turned: threading.Event, asked_monotonic: float) -> None:
        name = self._name_of_running()
        is_over = turned.wait(_STALL_SECONDS)
        log(
            logging.WARNING,
            "%s %s the loop for %.2f s: all operations of this process wait meanwhile; "
            "use await, or a plain function, which runs in a thread",
            name,
            "blocked" if is_over else "has been blocking",
            time.monotonic() - asked_monotonic,
        )
        while not is_over and not self._stopped.is_set():
            is_over = turned.wait(_STALL_SECONDS)

    def _name_of_running(self) -> str:
        task = asyncio.current_task(self._loop.loop)
        if task is None:
            return "something"
        operation = self._find(_operation_id(task))
        if operation is None:
            return "something"
        return f"task {operation.task.name} (operation {operation.id})"


def _operation_id(task: asyncio.Task[Any]) -> str:
    """Return the id of the operation to which an asyncio task belongs."""
    if hasattr(task, "get_context"):  # Python 3.12: also for a body's own tasks
        context = task.get_context().get(CURRENT)
        if context is not None:
            return str(context.id)
    return task.get_name()
