"""The calls of a client that wait for their answers."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from ..errors import Unreachable
from . import messages
from .wire import Frame, Kind

_MARGIN_SECONDS = 0.1
"""The host starts no call later than this before its caller gives up."""


class ConnectionLost(Exception):
    """The connection to the host broke, or was closed before the call."""

    def __init__(self, *, is_maybe_run: bool) -> None:
        super().__init__("the connection to the pool's host was lost")
        self.is_maybe_run = is_maybe_run
        """False when the host cannot have run the call: it may be made again."""


class Call:
    """One call; belongs to the book until it is answered, lost or given up."""

    __slots__ = ("answer", "error", "number", "on_done", "verb")

    def __init__(self, number: int, verb: str, on_done: Callable[[], object]) -> None:
        self.number = number
        self.verb = verb
        self.on_done = on_done
        """Called once, by the caller that takes the call out of the book to end it."""
        self.answer: Frame | None = None
        """Set before ``on_done`` is called."""
        self.error: Exception | None = None
        """Set before ``on_done`` is called, where there is no answer."""

    def outcome(self) -> Any:
        """Return the answer's value, once; after ``on_done``.

        Raises:
            Exception: What the call raised at the host, or ConnectionLost.
            Unreachable: The host has not started the call in time.
        """
        frame, self.answer = self.answer, None
        if frame is None:
            raise self.error or Unreachable()
        if frame.kind == Kind.EXPIRED:
            raise Unreachable
        value = messages.unpack(frame.payload, f"the answer to {self.verb!r}")
        if frame.kind == Kind.ERROR:
            try:
                raise value
            finally:
                del value, frame  # the error's traceback refers to this frame
        return value


class Book:
    """The calls that wait, by number; from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        """Guards the lines below; the caller that takes a call out alone ends it."""
        self._calls: dict[int, Call] = {}
        self._late: dict[int, str] = {}
        """The verbs of calls that were given up, until the host has answered them."""
        self._is_closed = False
        self._numbers = itertools.count(1)

    def open(self, verb: str, on_done: Callable[[], object]) -> Call:
        """Return a new call.

        Raises:
            ConnectionLost: The book is closed.
        """
        call = Call(next(self._numbers), verb, on_done)
        with self._lock:  # or a closed book would get a call that nobody ends
            if self._is_closed:
                raise ConnectionLost(is_maybe_run=False)
            self._calls[call.number] = call
        return call

    def answer(self, frame: Frame) -> str | None:
        """End the call of an answer, or return the verb if it was given up."""
        with self._lock:
            call = self._calls.pop(frame.number, None)
            if call is None:
                return self._late.pop(frame.number, None)
            # Within the lock: a caller that finds it taken out reads the outcome.
            call.answer = frame
        call.on_done()
        return None

    def take(self, call: Call, *, is_late: bool = False) -> bool:
        """Take a call out; return whether it was still in.

        Args:
            is_late: The host may answer it nevertheless.
        """
        with self._lock:
            found = self._calls.pop(call.number, None)
            if found is not None and is_late:
                self._late[call.number] = call.verb
        return found is not None

    def forget_late(self, call: Call) -> None:
        """Expect no answer any more for a call that was given up."""
        with self._lock:
            self._late.pop(call.number, None)

    def close(self, unsent: set[int]) -> None:
        """End all calls with ConnectionLost; those not sent whole were not run."""
        with self._lock:
            self._is_closed = True
            calls, self._calls = self._calls, {}
            self._late.clear()
            for call in calls.values():  # within the lock, as in ``answer``
                call.error = ConnectionLost(is_maybe_run=call.number not in unsent)
        for call in calls.values():
            call.on_done()


def find_limit(timeout: float | None) -> float:
    """Return until when the host may start a call, by the machine's clock."""
    if timeout is None:
        return float("inf")
    return time.monotonic() + timeout - min(_MARGIN_SECONDS, timeout / 2)
