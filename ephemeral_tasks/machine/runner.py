"""Runs the calls of one client, and answers each of them once."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from . import messages
from .wire import Kind

Run = Callable[[str, messages.Arguments], Any]
Send = Callable[[Kind, int, bytes], object]


class CallRunner:
    """Lives on the listener's loop; what a call waits for is a task of that loop."""

    def __init__(self, run: Run, send: Send, limit: int) -> None:
        """Set how a verb is run, how an answer is sent, and how long it may be."""
        self._run = run
        self._send = send
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._tasks: dict[int, asyncio.Future[Any]] = {}
        """Of calls that wait, by number."""

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

    def close(self) -> None:
        """Cancel what all calls wait for."""
        for task in tuple(self._tasks.values()):
            task.cancel()

    def _wait(self, number: int, verb: str, value: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(value, loop=self._loop)
        self._tasks[number] = task
        task.add_done_callback(partial(self._answer_task, number, verb))

    def _answer_task(self, number: int, verb: str, task: asyncio.Future[Any]) -> None:
        del self._tasks[number]
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
        self._send(Kind.ERROR, number, messages.pack_error(verb, error))
