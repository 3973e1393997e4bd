"""The output of an operation: where its body writes and others read."""

from __future__ import annotations

import asyncio
from typing import Any

from .output import UNBOUNDED, Output, OutputBuffer
from .status import Status
from .validation import check_at_least
from .values import encodable


class Writable:
    """The half of an operation that holds its output; from any thread and loop."""

    __slots__ = ("buffer",)

    attempt: int
    status: Status
    host: Any
    buffer: OutputBuffer | None
    """Made by the host, under its lock, at the first write or the first wait."""

    def write(self, attempt: int, text: Any) -> None:
        """Append a text to the output of this attempt.

        Raises:
            TypeError: It is no text.
            Exception: The host's, when there may be no more.
        """
        text = encodable(text)
        if not text:
            return
        buffer = self.buffer or self.open_output()
        while not buffer.add(attempt, text):
            self.host.extend_output(self, buffer.size + len(text))
        if self.host is not None:
            self.host.on_progress(self)

    def open_output(self) -> OutputBuffer:
        """Return the buffer, made if there is none."""
        if self.host is not None:
            buffer: OutputBuffer = self.host.open_output(self)
            return buffer
        return self.make_buffer()

    def make_buffer(self, *, allowance: int = UNBOUNDED) -> OutputBuffer:
        """Return the buffer, made if there is none; under the host's lock."""
        if self.buffer is None:
            self.buffer = OutputBuffer(self.attempt, allowance=allowance)
        return self.buffer

    @property
    def output_size(self) -> int:
        """Characters that the newest attempt has written."""
        return 0 if self.buffer is None else self.buffer.size

    def output_nowait(
        self, start: int = 0, attempt: int | None = None, *, limit: int | None = None
    ) -> Output:
        """Return what was written from ``start`` on.

        Args:
            start: A place that ``Output.end`` gave; 0 for the beginning.
            attempt: The attempt that came with it. Another attempt's output is given
                from its beginning.
            limit: How many characters are given at most.

        Raises:
            TypeError, ValueError: ``start`` is no whole number from 0 on.
        """
        check_at_least("start", start, 0)
        # First: what is written after this look is not the last.
        is_finished = self.status.is_finished
        if self.buffer is None:
            text, start, written_by = "", 0, self.attempt
        else:
            text, start, written_by = self.buffer.read(start, attempt, limit)
        return Output(
            text=text,
            start=start,
            end=start + len(text),
            attempt=written_by,
            is_finished=is_finished,
        )

    async def output(
        self, start: int = 0, attempt: int | None = None, *, limit: int | None = None
    ) -> Output:
        """Wait until there is more than ``start``, a new attempt or the end.

        The arguments are those of ``output_nowait``. Leaving this call leaves nothing
        behind.
        """
        attempt = await self.wait_for_output(start, attempt)
        return self.output_nowait(start, attempt, limit=limit)

    async def wait_for_output(self, start: int, attempt: int | None) -> int:
        """Wait as ``output`` does; return the attempt to which ``start`` belongs."""
        check_at_least("start", start, 0)
        buffer = self.buffer or self.open_output()
        if attempt is None:
            attempt = buffer.attempt or 1
        while not self._has_news(buffer, start, attempt):
            rest = buffer.rest_seconds()
            if rest > 0:
                await asyncio.sleep(rest)
            else:
                await self._wait_for_change(buffer, start, attempt)
        return attempt

    def _has_news(self, buffer: OutputBuffer, start: int, attempt: int) -> bool:
        return self.status.is_finished or buffer.is_past(start, attempt)

    async def _wait_for_change(
        self, buffer: OutputBuffer, start: int, attempt: int
    ) -> None:
        waiter = buffer.add_waiter()
        try:
            # Looked at again: a change before the waiter was added has woken nobody.
            if not self._has_news(buffer, start, attempt):
                await waiter
        finally:
            buffer.remove_waiter(waiter)
