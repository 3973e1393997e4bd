"""A thread with an event loop, and the way to it from every other thread."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..core.errors import Closed
from .executors import LoopExecutor

logger = logging.getLogger("ephemeral_tasks")

_TURN = 100  # entries after which the loop gets its turn

_Entry = tuple[Callable[..., object], tuple[Any, ...]]


class LoopThread:
    """One daemon thread that turns one loop until ``stop``.

    The inbox is a deque and one coalesced wake-up: appending costs a fraction of a
    microsecond, and a burst wakes the loop once.
    """

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_default_executor(LoopExecutor())
        self._thread = threading.Thread(target=self._turn, name=name, daemon=True)
        self._inbox: deque[_Entry] = deque()
        """Appended to by any thread, emptied by the loop's."""
        self._is_woken = False
        """True while the loop is going to look; cleared before its last look."""
        self._is_stopping = False
        """True from ``stop`` on; written once."""
        self._no_variables = contextvars.Context()
        """The wake-up runs here, or a burst would inherit its first one's variables."""

    def start(self) -> None:
        """Let the loop turn."""
        self._thread.start()

    def post(self, callback: Callable[..., object], *args: Any) -> None:
        """Have the loop call ``callback(*args)``; from any thread, in order.

        Raises:
            Closed: The loop has stopped for good.
        """
        self.put(callback, *args)
        self.wake()

    def put(self, callback: Callable[..., object], *args: Any) -> None:
        """Have the loop call ``callback(*args)`` after a ``wake`` that follows.

        For who holds a lock that the loop is going to want, and wakes it later.
        """
        self._inbox.append((callback, args))

    def wake(self) -> None:
        """Have the loop look at what was put.

        Raises:
            Closed: The loop has stopped for good.
        """
        if self._is_woken:
            return
        self._is_woken = True
        try:
            self.loop.call_soon_threadsafe(self._empty, context=self._no_variables)
        except RuntimeError:  # the loop is closed
            self._is_woken = False
            self._inbox.clear()
            raise Closed from None

    def _empty(self) -> None:
        """Make the calls that came, and look again after a turn before resting.

        In a burst the next entry is on its way: the second look spares its wake-up,
        and with it two hand-overs of the interpreter lock.
        """
        count = 0
        while self._inbox and count < _TURN:
            self._call(*self._inbox.popleft())
            count += 1
        if not count:
            self._is_woken = False
        if self._inbox or count:  # also what came before the flag was cleared
            self._is_woken = True
            self.loop.call_soon(self._empty, context=self._no_variables)

    def _call(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        try:
            callback(*args)
        except Exception as error:  # those that came after it have their turn, too
            where = "".join(traceback.format_tb(error.__traceback__))
            name = type(error).__name__
            logger.error("a call on the pool's loop raised %s:\n%s", name, where)

    def call(self, function: Callable[[], object]) -> None:
        """Have the loop call a function and wait until it has; from any thread.

        Raises:
            Exception: What the function raised.
            Closed: The loop has stopped for good.
        """
        if self.is_current():
            function()
            return
        is_done = threading.Event()
        errors: list[Exception] = []
        self.post(_call_for, function, is_done, errors)
        is_done.wait()
        if errors:
            raise errors.pop()

    def is_current(self) -> bool:
        """Return whether the caller is this thread."""
        return threading.current_thread() is self._thread

    def is_alive(self) -> bool:
        """Return whether the loop still turns."""
        return self._thread.is_alive()

    @property
    def ident(self) -> int | None:
        """The thread's identifier, as in ``sys._current_frames()``."""
        return self._thread.ident

    def stop(self, timeout: float) -> None:
        """Stop the loop and wait for the thread, at most ``timeout`` seconds."""
        self._is_stopping = True
        try:
            self.loop.call_soon_threadsafe(self.loop.stop)
        except RuntimeError:
            return
        if not self.is_current():
            self._thread.join(timeout)

    def _turn(self) -> None:
        while not self._is_stopping:
            # What a body's own tasks and callbacks may raise through the loop.
            with suppress(SystemExit, KeyboardInterrupt):
                self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # meant
        self.loop.close()
        self._is_woken = False  # who posts from now on hears that it is closed
        self._inbox.clear()


def _call_for(
    function: Callable[[], object], is_done: threading.Event, errors: list[Exception]
) -> None:
    try:
        function()
    except Exception as error:
        errors.append(error)
    finally:
        is_done.set()
