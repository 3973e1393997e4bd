"""Runs the calls of one client, and answers each of them once."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from . import messages
from .wire import Kind

Run = Callable[[str, messages.Arguments], Any]
Send = Callable[[Kind, int, bytes], object]


class CallRunner:
    """Lives on the listener's loop; what a call waits for is a task of that loop."""

    def __init__(
        self, run: Run, send: Send, limit: int, is_full: Callable[[], bool]
    ) -> None:
        """Set how a verb is run, and how answers are sent.

        Args:
            run: Runs a verb.
            send: Sends an answer.
            limit: How many bytes an answer may have.
            is_full: Whether the client has left so many answers unread that no further
                one is made now.
        """
        self._run = run
        self._send = send
        self._limit = limit
        self._is_full = is_full
        self._loop = asyncio.get_running_loop()
        self._tasks: dict[int, asyncio.Future[Any]] = {}
        """Of calls that wait, by number."""
        self._ended: deque[tuple[int, str, asyncio.Future[Any]]] = deque()
        """What calls waited for, until they are answered."""

    def start(self, number: int, payload: bytes | bytearray) -> None:
        """Run a call, unless its time is over.

        Raises:
            BrokenWire: It is no call.
        """
        verb, limit, raw = messages.read_call(payload)
        try:
            arguments = messages.unpack(raw, f"the arguments of {verb!r}")
            # The last moment: its caller decides by the same clock that it was not run.
            if time.monotonic() >= limit:
                self._send(Kind.EXPIRED, number, b"")
                return
            # An empty context, or the variables of one call would be the next one's.
            value = contextvars.Context().run(self._run, verb, arguments)
        except BaseException as error:  # SystemExit, too: it would end the loop
            self._send_error(number, verb, error)
            return
        if hasattr(type(value), "__await__"):
            self._wait(number, verb, value)
        else:
            self._send_answer(number, verb, value)

    def cancel(self, number: int) -> None:
        """Cancel what a call waits for."""
        task = self._tasks.get(number)
        if task is not None:
            task.cancel()

    def answer_ended(self) -> None:
        """Answer the calls that waited and wait no more, until ``is_full``."""
        while self._ended and not self._is_full():
            self._answer_task(*self._ended.popleft())

    def close(self) -> None:
        """Cancel what all calls wait for, and answer none any more."""
        for task in tuple(self._tasks.values()):
            task.cancel()
        self._ended.clear()

    def _wait(self, number: int, verb: str, value: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(value, loop=self._loop)
        self._tasks[number] = task
        task.add_done_callback(partial(self._end, number, verb))

    def _end(self, number: int, verb: str, task: asyncio.Future[Any]) -> None:
        del self._tasks[number]
        if not task.cancelled():
            task.exception()  # looked at, or asyncio logs it where no answer is sent
        self._ended.append((number, verb, task))
        self.answer_ended()

    def _answer_task(self, number: int, verb: str, task: asyncio.Future[Any]) -> None:
        if task.cancelled():
            self._send(Kind.EXPIRED, number, b"")
            return
        error = task.exception()
        if error is None:
            self._send_answer(number, verb, task.result())
        else:
            self._send_error(number, verb, error)

    def _send_answer(self, number: int, verb: str, value: object) -> None:
        try:
            payload = messages.pack_answer(verb, value)
        except messages.Unpicklable as error:
            self._send_error(number, verb, error)
            return
        if len(payload) > self._limit:
            reason = f"the answer to {verb!r} has {len(payload)} bytes"
            self._send_error(number, verb, RuntimeError(reason))
            return
        self._send(Kind.ANSWER, number, payload)

    def _send_error(self, number: int, verb: str, error: BaseException) -> None:
        self._send(Kind.ERROR, number, messages.pack_error(verb, error, self._limit))
