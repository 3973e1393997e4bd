"""A thread with an event loop, and the way to it from every other thread."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from ..core.errors import Closed
from .executors import LoopExecutor

logger = logging.getLogger("ephemeral_tasks")

_TURN = 100  # calls after which the loop gets its turn
_LOOK_SECONDS = 1.0  # how often a caller that waits looks whether the thread lives

_Entry = tuple[Callable[..., object], tuple[Any, ...]]


class LoopThread:
    """One daemon thread that turns one loop until ``stop``.

    The inbox is a deque and one coalesced wake-up: appending costs a fraction of a
    microsecond, and a burst wakes the loop once.

    Raises:
        ImproperlyConfigured: Threads are greenlets here: no second loop can turn.
    """

    def __init__(self, name: str) -> None:
        refuse_green_threads()  # first: a loop has files, which somebody must close
        # Not in the first submitter's context, which the loop would keep for good.
        self.loop = contextvars.Context().run(asyncio.new_event_loop)
        self.loop.set_default_executor(LoopExecutor())
        self._thread = threading.Thread(target=self._turn, name=name, daemon=True)
        self._inbox: deque[_Entry] = deque()
        """Appended to by any thread, emptied by the loop's."""
        self._is_woken = False
        """True while the loop is going to look; cleared before its last look."""
        self._is_stopping = False
        """True from ``stop`` on; written once."""
        self._on_stop: list[Callable[[], object]] = []
        """Filled before ``start``."""
        self._waits: set[Callable[[], object]] = set()
        """Each wakes a caller that waits for the loop's thread; any thread adds and
        discards, in steps of the interpreter's own."""
        self._no_variables = contextvars.Context()
        """The wake-up runs here, or a burst would inherit its first one's variables."""

    def start(self) -> None:
        """Start the thread and its loop."""
        self._thread.start()

    def post(self, callback: Callable[..., object], *args: Any) -> None:
        """Call ``callback(*args)`` on the loop; from any thread, in order.

        Raises:
            Closed: The loop has stopped for good.
        """
        self.put(callback, *args)
        self.wake()

    def try_post(self, callback: Callable[..., object], *args: Any) -> bool:
        """Post a call unless the loop has stopped for good; return whether it was."""
        try:
            self.post(callback, *args)
        except Closed:
            return False
        return True

    def put(self, callback: Callable[..., object], *args: Any) -> None:
        """Add a call for the loop to make after the next ``wake``.

        For several calls, or callers that hold a lock: wake() follows once it is free.
        """
        self._inbox.append((callback, args))

    def wake(self) -> None:
        """Wake the loop so that it makes the calls added by ``put``.

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

    def wake_for_calls(self) -> None:
        """Wake the loop if ``put`` has added a call, unless it has stopped for good."""
        if self._inbox:
            with suppress(Closed):
                self.wake()

    def _empty(self) -> None:
        """Make the calls that came, and look again after a turn before resting.

        In a burst the next call is on its way: the second look spares its wake-up, and
        with it two hand-overs of the interpreter lock.
        """
        count = 0
        try:
            while self._inbox and count < _TURN:
                count += 1
                callback, args = self._inbox.popleft()
                self.guard(callback, *args)
        finally:  # whatever was raised: a flag left set would end all wake-ups
            if not count:
                self._is_woken = False
            if self._inbox or count:  # also what came before the flag was cleared
                self._is_woken = True
                self.loop.call_soon(self._empty, context=self._no_variables)

    def guard(self, callback: Callable[..., object], *args: Any) -> None:
        """Call ``callback(*args)`` here and log what it raises; from any thread.

        For one of several calls, so that the calls after it are made nevertheless.
        """
        try:
            callback(*args)
        except BaseException as error:  # SystemExit, too: it would end a thread or loop
            where = "".join(traceback.format_tb(error.__traceback__))
            name = type(error).__name__
            with suppress(Exception, SystemExit):  # of a handler of the site's own
                logger.error("a call on the pool's loop raised %s:\n%s", name, where)

    def call(self, function: Callable[[], object]) -> None:
        """Call a function on the loop and wait until it returns; from any thread.

        Raises:
            Exception: What the function raised.
            Closed: The loop has stopped, perhaps while the call waited.
        """
        if self.is_current():
            function()
            return
        is_done = threading.Event()
        errors: list[Exception] = []
        self.post(_call_for, function, is_done, errors)
        while not is_done.wait(_LOOK_SECONDS):
            if not self.is_alive():
                raise Closed("closed: the pool's thread has ended")
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

    def on_stop(self, callback: Callable[[], object]) -> None:
        """Call a function, on the thread itself, once the loop has stopped for good."""
        self._on_stop.append(callback)

    @contextmanager
    def waiting(self, wake: Callable[[], object]) -> Iterator[None]:
        """Call ``wake`` if the loop stops for good within the block; any thread."""
        self._waits.add(wake)
        try:
            if self.loop.is_closed():  # since the caller's post
                wake()
            yield
        finally:
            self._waits.discard(wake)

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
        try:
            while not self._is_stopping:
                # What a body's own tasks and callbacks may raise through the loop.
                with suppress(SystemExit, KeyboardInterrupt):
                    self.loop.run_forever()
        finally:
            self._close()

    def _close(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # meant
        self.loop.close()
        self._is_woken = False  # a later post() finds the loop closed and raises
        self._inbox.clear()
        for callback in (*self._on_stop, *self._waits):
            callback()


def _call_for(
    function: Callable[[], object], is_done: threading.Event, errors: list[Exception]
) -> None:
    try:
        function()
    except Exception as error:  # raised where the caller waits
        errors.append(error)
    finally:
        is_done.set()


def refuse_green_threads() -> None:
    """Refuse a process in which gevent or eventlet has replaced threads.

    There all greenlets share one thread, and asyncio turns one loop a thread: the
    pool's would never run.

    Raises:
        ImproperlyConfigured: The message names what to use.
    """
    gevent = sys.modules.get("gevent.monkey")
    eventlet = sys.modules.get("eventlet.patcher")
    is_green = (gevent is not None and gevent.is_module_patched("threading")) or (
        eventlet is not None and eventlet.is_monkey_patched("thread")
    )
    if is_green:
        raise ImproperlyConfigured(
            "threads are greenlets in this process (gevent or eventlet), where the "
            "pool's event loop cannot run: use gunicorn's gthread or uvicorn worker"
        )
