"""The client's end of the wire: one connection and one thread a process."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from ..errors import Unreachable
from . import messages
from .calls import Book, Call, ConnectionLost, find_limit
from .outbox import Outbox, Overfull
from .watcher import Watcher
from .wire import BrokenWire, Frame, FrameReader, Kind, frame_limit, pack

logger = logging.getLogger("ephemeral_tasks")

_STALL_SECONDS = 1.0
"""A host that does not answer for so long does not turn; a busy one does."""


class Link:
    """Calls verbs of the host; from any thread and any loop.

    The callbacks run on the link's own thread, in which no call may be made.
    """

    def __init__(
        self,
        connection: socket.socket,
        reader: FrameReader,
        *,
        on_notice: Callable[[str, Any], object] | None = None,
        on_draining: Callable[[Link], object] | None = None,
        on_closed: Callable[[Link], object] | None = None,
        on_late: Callable[[str, Any], object] | None = None,
    ) -> None:
        """Take over a connection whose handshake has succeeded.

        Args:
            connection: Non-blocking.
            reader: May hold what came behind the handshake.
            on_notice: Called with kind and payload of each notice.
            on_draining: Called once the host said that it drains.
            on_closed: Called once the connection has ended.
            on_late: Called with verb and value of an answer that came after its caller
                had got ``Unreachable``: the host had started the call in time.
        """
        self.is_draining = False
        """Whether another process may host by now; written on the link's thread."""
        self.is_closed = False
        """Whether the connection has ended; set once, by the first thread to see it."""
        self.is_stalled = False
        """Whether a call waited for seconds and nothing has come since. Set by any
        caller, cleared on the link's thread."""
        self._reader = reader
        self._on_notice = on_notice
        self._on_draining = on_draining
        self._on_closed = on_closed
        self._on_late = on_late
        self._limit = frame_limit()
        self._book = Book()
        self._outbox = Outbox(connection, capacity=self._limit, on_kept=self._wake)
        try:
            self._watcher = Watcher(
                connection, self._outbox, on_data=self._read, on_end=self._end
            )
            self._watcher.start()
        except BaseException:  # no descriptor or thread is left; none other closes it
            connection.close()
            raise

    def call(
        self,
        verb: str,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        timeout: float | None = 2.0,
        *,
        is_patient: bool = False,
    ) -> Any:
        """Return the answer of the host; blocks for at most ``timeout`` seconds.

        If patient, the host may start the call however late: None is returned where
        there is no answer in time.

        Raises:
            Exception: What the verb raised.
            Unreachable: There was no answer in time. The host has not started the call,
                or had started it in time; ``on_late`` gets what it answers then.
            ConnectionLost: The connection broke.
            TypeError: An argument cannot be pickled, or the answer not be unpickled.
        """
        if self._watcher.is_current():
            raise RuntimeError("a callback of the link may not wait for the host")
        waiting = threading.Lock()
        waiting.acquire()
        limit = None if is_patient else timeout
        call = self._start(verb, args, kwargs, limit, waiting.release)
        try:
            is_done = waiting.acquire(timeout=-1 if timeout is None else timeout)
        except BaseException:  # of a signal's handler
            self._give_up(call, is_late=False)
            raise
        if is_done or not self._stop_waiting(call, is_patient):
            return call.outcome()
        self.is_stalled |= timeout is not None and timeout >= _STALL_SECONDS
        if is_patient:
            return None
        raise Unreachable

    async def acall(
        self,
        verb: str,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        timeout: float | None = 2.0,
    ) -> Any:
        """Return the answer of the host, as ``call``; never blocks the running loop.

        Cancelling it cancels what the host waits for.
        """
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        on_done = partial(_settle_soon, loop, done)
        call = self._start(verb, args, kwargs, timeout, on_done)
        try:
            async with asyncio.timeout(timeout):
                await done
        except TimeoutError:
            if self._give_up(call, is_late=True):
                raise Unreachable from None
        except BaseException:  # cancelled
            self._give_up(call, is_late=False)
            raise
        return call.outcome()

    def close(self) -> None:
        """End the connection; calls that wait raise ConnectionLost."""
        self._watcher.stop()

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended."""
        self._watcher.join(timeout)

    def abandon(self) -> None:
        """Close a forked child's copies of the descriptors; the parent's stay open."""
        self.is_closed = True
        self._book = Book()  # the lock of the old one may be held by a thread
        self._book.close(set())  # that the child does not have
        self._watcher.close()

    def _start(
        self,
        verb: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any] | None,
        timeout: float | None,
        on_done: Callable[[], object],
    ) -> Call:
        limit = find_limit(timeout)
        payload = messages.pack_call(verb, (args, dict(kwargs or {})), limit)
        if len(payload) > self._limit:
            raise TypeError(f"the arguments of {verb!r} have {len(payload)} bytes")
        if self._outbox.is_full:
            raise Unreachable
        call = self._book.open(verb, on_done)
        try:
            self._outbox.send(pack(Kind.CALL, call.number, payload), call.number)
        except OSError:
            # The thread sees the end, too; perhaps after the caller has asked again.
            self.is_closed = True
            self._book.take(call)
            raise ConnectionLost(is_maybe_run=False) from None
        return call

    def _wake(self) -> None:
        self._watcher.wake()

    def _stop_waiting(self, call: Call, is_patient: bool) -> bool:
        """Expect no answer in time; return False if there just was one."""
        if is_patient:
            return self._book.take(call)
        return self._give_up(call, is_late=True)

    def _give_up(self, call: Call, *, is_late: bool) -> bool:
        """Stop waiting for a call; return False if it has just been answered."""
        if not self._book.take(call, is_late=is_late):
            return False
        if self._outbox.discard(call.number):  # the host never reads it
            self._book.forget_late(call)
        else:
            with suppress(Overfull, OSError):
                self._outbox.send(pack(Kind.CANCEL, call.number))
        return True

    def _read(self, data: bytes) -> None:
        for frame in self._reader.feed(data):
            self._take(frame)

    def _take(self, frame: Frame) -> None:
        self.is_stalled = False
        if frame.kind in (Kind.ANSWER, Kind.ERROR, Kind.EXPIRED):
            verb = self._book.answer(frame)
            if verb is not None and frame.kind == Kind.ANSWER:
                self._report(self._take_late, verb, frame)
        elif frame.kind == Kind.NOTICE:
            self._report(self._take_notice, frame)
        elif frame.kind == Kind.DRAINING:
            self.is_draining = True
            self._report(self._on_draining, self)
        else:
            raise BrokenWire(f"a frame of kind {frame.kind} from the host")

    def _take_notice(self, frame: Frame) -> None:
        if self._on_notice is not None:
            self._on_notice(*messages.unpack(frame.payload, "a notice"))

    def _take_late(self, verb: str, frame: Frame) -> None:
        if self._on_late is not None:
            value = messages.unpack(frame.payload, f"the answer to {verb!r}")
            self._on_late(verb, value)

    def _report(self, callback: Callable[..., object] | None, *args: Any) -> None:
        if callback is None:
            return
        try:
            callback(*args)
        except Exception as error:  # it must not end the connection of all others
            name = type(error).__name__
            with suppress(Exception, SystemExit):
                logger.error("a callback of the link raised %s", name)

    def _end(self) -> None:
        self.is_closed = True
        # The outbox first: it knows which calls the host cannot have read.
        unsent = self._outbox.close()
        self._watcher.close()
        self._reader.clear()
        # Before the calls end: their callers may look for the next host at once.
        self._report(self._on_closed, self)
        self._book.close(unsent)


def _settle_soon(loop: asyncio.AbstractEventLoop, done: asyncio.Future[None]) -> None:
    with suppress(RuntimeError):  # the caller's loop has ended
        loop.call_soon_threadsafe(_settle, done)


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
