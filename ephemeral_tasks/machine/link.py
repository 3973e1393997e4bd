"""The client's end of the wire: one connection and one thread a process."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from ..errors import Unreachable
from . import messages
from .calls import Book, Call, ConnectionLost
from .drops import log_drop
from .outbox import Outbox, Overfull
from .wire import BrokenWire, Frame, FrameReader, Kind, frame_limit, pack

logger = logging.getLogger("ephemeral_tasks")

_NAME = "ephemeral-tasks-link"
_CHUNK = 256 * 1024
_CALLS = 4  # of the largest size: what is kept for a host that does not read
_MARGIN_SECONDS = 0.1
"""The host starts no call later than this before its caller gives up."""


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
                had been told ``Unreachable``: the host had started the call in time.
        """
        self.is_draining = False
        """Whether another process may host by now; written on the link's thread."""
        self.is_closed = False
        """Whether the connection has ended; written on the link's thread."""
        self._connection = connection
        self._reader = reader
        self._on_notice = on_notice
        self._on_draining = on_draining
        self._on_closed = on_closed
        self._on_late = on_late
        self._limit = frame_limit()
        self._book = Book()
        self._waking, self._woken = socket.socketpair()
        self._waking.setblocking(False)
        self._woken.setblocking(False)
        self._outbox = Outbox(
            connection, capacity=_CALLS * self._limit, on_kept=self._wake
        )
        self._is_closing = False
        """Written by ``close``, on any thread."""
        run = contextvars.Context().run
        self._thread = threading.Thread(
            target=run, args=(self._turn,), name=_NAME, daemon=True
        )
        self._thread.start()

    def call(
        self,
        verb: str,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        timeout: float | None = 2.0,
    ) -> Any:
        """Return the answer of the host; blocks for at most ``timeout`` seconds.

        Raises:
            Exception: What the verb raised.
            Unreachable: There was no answer in time. The host has not started the call,
                or had started it in time; ``on_late`` gets what it answers then.
            ConnectionLost: The connection broke.
            TypeError: An argument cannot be pickled, or the answer not be unpickled.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a callback of the link may not wait for the host")
        waiting = threading.Lock()
        waiting.acquire()
        call = self._start(verb, args, kwargs, timeout, waiting.release)
        try:
            is_done = waiting.acquire(timeout=-1 if timeout is None else timeout)
        except BaseException:  # of a signal's handler
            self._give_up(call, is_late=False)
            raise
        if not is_done and self._give_up(call, is_late=True):
            raise Unreachable
        return call.outcome()

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
        self._is_closing = True
        self._wake()

    def abandon(self) -> None:
        """Close a forked child's copies of the descriptors; the parent's stay open."""
        self.is_closed = True
        for one in (self._connection, self._waking, self._woken):
            one.close()

    def _start(
        self,
        verb: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any] | None,
        timeout: float | None,
        on_done: Callable[[], object],
    ) -> Call:
        payload = messages.pack_call(verb, (args, dict(kwargs or {})), _limit(timeout))
        if len(payload) > self._limit:
            raise TypeError(f"the arguments of {verb!r} have {len(payload)} bytes")
        call = self._book.open(verb, on_done)
        try:
            self._outbox.send(pack(Kind.CALL, call.number, payload), call.number)
        except Overfull:
            self._book.take(call)
            raise Unreachable from None
        except OSError:  # the thread sees the end of the connection by itself
            self._book.take(call)
            raise ConnectionLost(is_maybe_run=False) from None
        return call

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

    def _wake(self) -> None:
        with suppress(BlockingIOError, OSError):  # woken already, or closed
            self._waking.send(b"\0")

    def _turn(self) -> None:
        watch = select.poll()
        watch.register(self._woken, select.POLLIN)
        watch.register(self._connection, select.POLLIN)
        try:
            is_open = self._take_all(b"")
            while is_open:
                is_open = self._step(watch)
        except BrokenWire as error:
            log_drop(error)
        finally:
            self._end()

    def _step(self, watch: select.poll) -> bool:
        """Wait for what happens next; return whether the connection is still open."""
        for file, event in watch.poll():
            if file == self._woken.fileno():
                self._woken.recv(_CHUNK)
                if self._is_closing:
                    return False
                watch.modify(self._connection, select.POLLIN | select.POLLOUT)
                continue
            if event & select.POLLOUT and not self._flush(watch):
                return False
            if event & ~select.POLLOUT and not self._read():
                return False
        return True

    def _flush(self, watch: select.poll) -> bool:
        try:
            if self._outbox.flush():
                watch.modify(self._connection, select.POLLIN)
        except OSError:
            return False
        return True

    def _read(self) -> bool:
        try:
            data = self._connection.recv(_CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return bool(data) and self._take_all(data)

    def _take_all(self, data: bytes) -> bool:
        for frame in self._reader.feed(data):
            self._take(frame)
        return True

    def _take(self, frame: Frame) -> None:
        if frame.kind in (Kind.ANSWER, Kind.ERROR, Kind.EXPIRED):
            verb = self._book.answer(frame)
            if verb is not None and frame.kind == Kind.ANSWER:
                self._report_late(verb, frame)
        elif frame.kind == Kind.NOTICE:
            self._report(self._on_notice, *messages.unpack(frame.payload, "a notice"))
        elif frame.kind == Kind.DRAINING:
            self.is_draining = True
            self._report(self._on_draining, self)
        else:
            raise BrokenWire(f"a frame of kind {frame.kind} from the host")

    def _report_late(self, verb: str, frame: Frame) -> None:
        if self._on_late is not None:
            value = messages.unpack(frame.payload, f"the answer to {verb!r}")
            self._report(self._on_late, verb, value)

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
        self._connection.close()
        self._waking.close()
        self._woken.close()
        # Before the calls end: their callers may look for the next host at once.
        self._report(self._on_closed, self)
        self._book.close(unsent)


def _limit(timeout: float | None) -> float:
    """Return until when the host may start a call, by the machine's clock."""
    if timeout is None:
        return float("inf")
    return time.monotonic() + timeout - min(_MARGIN_SECONDS, timeout / 2)


def _settle_soon(loop: asyncio.AbstractEventLoop, done: asyncio.Future[None]) -> None:
    with suppress(RuntimeError):  # the caller's loop has ended
        loop.call_soon_threadsafe(_settle, done)


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
