"""The protocol of one pipe: it returns a request's own answers, or ends the pipe."""

import asyncio
import re
import secrets
from collections.abc import Sequence

from django.views.decorators.debug import sensitive_variables

from demo_site.translation.apertium.exchange import Exchange
from demo_site.translation.apertium.stages import Stages
from demo_site.translation.errors import EngineBroken
from ephemeral_tasks.core import Clock

_BLANK = re.compile(r"\\.|(\[[^\]]*\]?)", re.DOTALL)


class Pipe:
    """A running pipe, for one request at a time, on the loop on which it was made.

    Each line is sent as ``[nonce.i]line[nonce.i]`` and a NUL. The nonce is random, so
    that only the answer to this line of this request can start and end with it. The
    second one is also the blank that the programs need to finish a sentence. All lines
    of a request are sent without waiting for answers, which keeps all programs of the
    pipe busy; a NUL resets each of them.

    Any error ends the pipe, and so does cancellation: the next request would read what
    the pipe had still to answer.
    """

    def __init__(self, stages: Stages, clock: Clock) -> None:
        """Use stages that were started for this pipe."""
        self.stages = stages
        self.is_open = True
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._running: Exchange | None = None
        self._watch()

    @sensitive_variables()
    async def translate(self, lines: Sequence[str], *, timeout: float) -> list[str]:
        """Return the answers to armoured lines, in their order.

        Raises:
            EngineBroken: A program ended, or an answer is not the one to its line.
            EngineTimeout: Answers were missing after ``timeout`` seconds.
        """
        nonce = secrets.token_hex(16)
        marks = [f"[{nonce}.{number}]" for number in range(len(lines))]
        sent = zip(marks, lines, strict=True)
        data = "".join(f"{mark}{line}{mark}\0" for mark, line in sent).encode()
        try:
            received = await self._exchange(data, len(lines), timeout)
            answered = zip(received, marks, lines, strict=True)
            return [_unwrap(answer, mark, line) for answer, mark, line in answered]
        except BaseException:  # the next request would get this answer
            self.kill()
            raise

    async def _exchange(self, data: bytes, answers: int, timeout: float) -> list[bytes]:
        self._unwatch()
        ends = self.stages.input, self.stages.output
        self._running = exchange = Exchange(ends, data, answers=answers)
        timer = self._clock.call_later(timeout, exchange.expire, timeout)
        try:
            received = await exchange.answers
        finally:
            timer.cancel()
            exchange.end()
            self._running = None
            # Break the cycle: error, traceback, this frame, exchange, error.
            del exchange
        if self.is_open:
            self._watch()
        return received

    def kill(self) -> None:
        """End the pipe and its programs, without blocking; later calls do nothing."""
        if not self.is_open:
            return
        self.is_open = False
        if self._running:
            self._running.fail(EngineBroken("the pipe was closed"))
            self._running.end()
        self._unwatch()
        self.stages.kill()

    def is_fit(self) -> bool:
        """Return whether the next request can use it."""
        if self.is_open and self.stages.has_ended():
            self.kill()
        return self.is_open

    def _watch(self) -> None:
        # Between requests any output, or the end of a program, is an error.
        self._loop.add_reader(self.stages.output, self.kill)

    def _unwatch(self) -> None:
        if not self._loop.is_closed():
            self._loop.remove_reader(self.stages.output)


def _unwrap(answer: bytes, mark: str, line: str) -> str:
    """Return what is between the marks of an answer.

    Raises:
        EngineBroken: It has not its own marks at its ends, contains a blank that its
            line did not contain, or is not UTF-8.
    """
    text = answer.decode(errors="replace")
    body = text[len(mark) : -len(mark)]
    is_own = len(text) >= 2 * len(mark) and text == f"{mark}{body}{mark}"
    if not is_own or not _blanks(body) <= _blanks(line) | {"[]"}:
        raise EngineBroken("the pipe answered something else than it was asked")
    return body


def _blanks(text: str) -> set[str]:
    return {match[1] for match in _BLANK.finditer(text) if match[1]}
