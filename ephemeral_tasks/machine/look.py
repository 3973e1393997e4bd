"""The look for a host: one at a time, whose outcome all callers share."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable
from concurrent.futures import Future
from copy import copy
from threading import Thread
from typing import Generic, TypeVar

from ..errors import Unreachable

_NAME = "ephemeral-tasks-look"
_PAUSES = (0.005, 0.01, 0.02, 0.05)
"""Seconds between two tries; the last one again and again."""
T = TypeVar("T")


class Look(Generic[T]):
    """Runs a function once in a thread of its own; any number may wait for it."""

    def __init__(
        self, find: Callable[[], T], until: float, on_end: Callable[[], object]
    ) -> None:
        """Set the function, its time, and what is called before the waiters go on."""
        self.until = until
        """How long the function tries, by ``time.monotonic()``."""
        self._find = find
        self._on_end = on_end
        self._outcome: Future[T | Exception] = Future()

    def start(self) -> None:
        """Run the function; here if the interpreter ends and starts no thread."""
        run = contextvars.Context().run
        thread = Thread(target=run, args=(self._run,), name=_NAME, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._run()

    def wait(self, until: float) -> T | Exception:
        """Return what was found, or what the function raised; blocks until then.

        Raises:
            Unreachable: The time ended first.
        """
        try:
            return self._outcome.result(max(until - time.monotonic(), 0))
        except TimeoutError:
            raise Unreachable from None

    async def await_(self, until: float) -> T | Exception:
        """Return as ``wait``; never blocks the running loop."""
        waiting = asyncio.wrap_future(self._outcome)
        try:
            async with asyncio.timeout(max(until - time.monotonic(), 0)):
                return await asyncio.shield(waiting)  # others wait for it, too
        except TimeoutError:
            raise Unreachable from None

    def _run(self) -> None:
        outcome: T | Exception = Unreachable()
        try:
            outcome = self._find()
        except Exception as error:  # raised where the callers wait
            outcome = error.with_traceback(None)
        finally:  # interrupted, too: on a caller's thread Ctrl-C may come
            self._on_end()
            self._outcome.set_result(outcome)


def unwrap(outcome: T | Exception) -> T:
    """Return an outcome, or raise it: a copy, for each caller's own traceback."""
    if isinstance(outcome, Exception):
        raise copy(outcome)
    return outcome


def pause(tries: int, until: float) -> bool:
    """Wait between two tries; return False at once if the time would be over."""
    seconds = _PAUSES[min(tries, len(_PAUSES) - 1)]
    if time.monotonic() + seconds >= until:
        return False
    time.sleep(seconds)
    return True
