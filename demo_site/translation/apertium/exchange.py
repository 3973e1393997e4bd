"""Writes requests into a pipe and reads its answers at the same time."""

import asyncio
import os

from demo_site.translation.errors import EngineBroken, EngineTimeout

_READ = 65536


class Exchange:
    """Sends requests and collects the same number of answers, each ended by a NUL.

    It reads while it writes: after writing everything first, it would wait for ever
    once the answers had filled the pipe's buffers.
    """

    def __init__(self, ends: tuple[int, int], data: bytes, *, answers: int) -> None:
        """Start on the running loop.

        Args:
            ends: Non-blocking descriptors: one to write to, one to read from.
            data: All requests.
            answers: Number of expected answers.
        """
        self._loop = asyncio.get_running_loop()
        self._input, self._output = ends
        self._unsent = memoryview(data)
        self._received = bytearray()
        self._missing = answers
        self._has_ended = False
        # No translation is longer; a broken program must not fill the memory.
        self._limit = 64 * len(data) + _READ
        self.answers: asyncio.Future[list[bytes]] = self._loop.create_future()
        self._loop.add_reader(self._output, self._receive)
        self._loop.add_writer(self._input, self._send)

    def fail(self, error: Exception) -> None:
        """Raise an error for the waiting caller."""
        if not self.answers.done():
            self.answers.set_exception(error)

    def expire(self, seconds: float) -> None:
        """Raise a time-out for the waiting caller."""
        self.fail(EngineTimeout(seconds))

    def end(self) -> None:
        """Stop using the pipe and drop all data; later calls do nothing."""
        if self._has_ended:
            return  # the descriptors may have been reused
        self._has_ended = True
        self._loop.remove_reader(self._output)
        self._loop.remove_writer(self._input)
        self.answers.cancel()
        self._unsent, self._received = memoryview(b""), bytearray()

    def _send(self) -> None:
        try:
            self._unsent = self._unsent[os.write(self._input, self._unsent) :]
        except BlockingIOError:
            return
        except OSError:
            self.fail(EngineBroken("the pipe takes no more input"))
        if not self._unsent:
            self._loop.remove_writer(self._input)

    def _receive(self) -> None:
        try:
            data = os.read(self._output, _READ)
        except BlockingIOError:
            return
        self._received += data
        self._missing -= data.count(0)
        if not data:
            self.fail(EngineBroken("a program of the pipe has ended"))
            self._loop.remove_reader(self._output)
        elif self._missing < 0 or len(self._received) > self._limit:
            self.fail(EngineBroken("the pipe answered more than it was asked"))
        elif not self._missing and not self.answers.done():
            *answers, rest = self._received.split(b"\0")
            if rest or self._unsent:
                self.fail(EngineBroken("the pipe answered out of turn"))
            else:
                self.answers.set_result([bytes(answer) for answer in answers])
