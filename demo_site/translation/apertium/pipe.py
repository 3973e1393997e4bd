"""The protocol of one pipe: a request's answers are its own, or the pipe is no more."""

import asyncio
import re
import secrets
from collections.abc import Sequence

from demo_site.translation.apertium.exchange import Exchange
from demo_site.translation.apertium.stages import Stages
from demo_site.translation.errors import EngineBroken
from ephemeral_tasks.core import Clock

_BLANK = re.compile(r"\\.|(\[[^\]]*\]?)", re.DOTALL)


class Pipe:
    """A running pipe; belongs to the loop it was made on, to one request at a time.

    Each line travels as ``[nonce.i]line[nonce.i]`` and a NUL. The nonce is random, so
    that nothing but the answer to this line of this request can begin and end with
    it, and the second one is the blank without which the programs keep back the end
    of a sentence. The lines of a request are sent one behind the other without
    waiting, which keeps all programs of the pipe busy; a NUL makes each forget the
    line before it.

    Whatever goes wrong, cancellation included, ends the pipe: what might still come
    out of it would reach the next request.
    """

    def __init__(self, stages: Stages, clock: Clock) -> None:
        """Take over stages that were started for this pipe."""
        self.stages = stages
        self.is_open = True
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._running: Exchange | None = None
        self._watch()

    async def translate(self, lines: Sequence[str], *, timeout: float) -> list[str]:
        """Return the answers to lines that are armoured, in their order.

        Raises:
            EngineBroken: A program ended, or an answer is not its line's.
            EngineTimeout: There are answers missing after ``timeout`` seconds.
        """
        nonce = secrets.token_hex(16)
        marks = [f"[{nonce}.{number}]" for number in range(len(lines))]
        sent = zip(marks, lines, strict=True)
        data = "".join(f"{mark}{line}{mark}\0" for mark, line in sent).encode()
        try:
            received = await self._exchange(data, len(lines), timeout)
            answered = zip(received, marks, lines, strict=True)
            return [_opened(answer, mark, line) for answer, mark, line in answered]
        except BaseException:
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
            # An error's traceback holds this frame, and the exchange the error.
            del exchange
        if self.is_open:
            self._watch()
        return received

    def kill(self) -> None:
        """End the pipe with all its programs; does not block, may be called again."""
        if not self.is_open:
            return
        self.is_open = False
        if self._running:
            self._running.fail(EngineBroken("the pipe was closed"))
            self._running.end()
        self._unwatch()
        self.stages.kill()

    def is_fit(self) -> bool:
        """Whether the next request may use it."""
        if self.is_open and self.stages.has_ended():
            self.kill()
        return self.is_open

    def _watch(self) -> None:
        # Between requests nothing comes out, not even the end of a program.
        self._loop.add_reader(self.stages.output, self.kill)

    def _unwatch(self) -> None:
        if not self._loop.is_closed():
            self._loop.remove_reader(self.stages.output)


def _opened(answer: bytes, mark: str, line: str) -> str:
    """What stands between the marks of an answer.

    Raises:
        EngineBroken: It has not its own marks at its ends, holds a blank that its line
            did not hold, or is no text.
    """
    text = answer.decode(errors="replace")
    body = text[len(mark) : -len(mark)]
    is_own = len(text) >= 2 * len(mark) and text == f"{mark}{body}{mark}"
    if not is_own or not _blanks(body) <= _blanks(line) | {"[]"}:
        raise EngineBroken("the pipe answered something else than it was asked")
    return body


def _blanks(text: str) -> set[str]:
    return {match[1] for match in _BLANK.finditer(text) if match[1]}
