"""One client, as the host sees it: its connection, its calls, what it is sent."""

from __future__ import annotations

import asyncio
import contextvars
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from . import handshake, messages
from .drops import log_drop
from .outbox import Outbox, Overfull
from .runner import CallRunner
from .wire import (
    HANDSHAKE_BYTES,
    BrokenWire,
    Frame,
    FrameReader,
    Kind,
    frame_limit,
    pack,
)

_CHUNK = 256 * 1024

Dispatch = Callable[["Peer", str, messages.Arguments], Any]


class Peer:
    """A connected client; lives on the listener's loop, notified from any thread."""

    def __init__(
        self,
        connection: socket.socket,
        key: bytes,
        dispatch: Dispatch,
        on_closed: Callable[[Peer], object],
    ) -> None:
        self.pid = 0
        """The client's process id, as it says; 0 before the handshake."""
        self.state: dict[str, Any] = {}
        """What ``host`` and ``web.connections`` keep of the client; any thread changes
        an entry, in one step."""
        self.is_ready = False
        """True from the handshake on; written on the listener's thread."""
        self.is_closed = False
        """Written on the listener's thread."""
        self._connection = connection
        self._key = key
        self._on_closed = on_closed
        self._limit = frame_limit()
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader(HANDSHAKE_BYTES)
        self._outbox = Outbox(
            connection, capacity=self._limit, on_kept=self._flush_soon
        )
        self._has_sent = asyncio.Event()
        """Set when the outbox became empty; cleared by the one that waits for that."""
        self._is_paused = False
        """Whether no call is taken until the client reads; on the listener's thread."""
        self._hello = handshake.make_hello()
        run = partial(dispatch, self)
        self._runner = CallRunner(run, self._send, self._limit, self._is_full)
        self._patience = self._loop.call_later(handshake.SECONDS, self._lose_patience)
        self._loop.add_reader(connection, self._read)
        self._send(Kind.HELLO, payload=self._hello)

    def notify(self, kind: str, payload: object) -> None:
        """Send a notice; from any thread, never blocks.

        A client for which too many are kept is dropped.
        """
        self.send_notice(pack(Kind.NOTICE, payload=messages.pack_notice(kind, payload)))

    def send_notice(self, frame: bytes) -> None:
        """Send a packed notice; from any thread, never blocks."""
        self._put(frame)

    async def wait_until_sent(self) -> None:
        """Wait until the client has read what was kept for it, or has gone."""
        if self._outbox.kept_bytes:
            self._has_sent.clear()
            await self._has_sent.wait()

    def drop(self, reason: str) -> None:
        """Close the connection and log why; on the listener's thread."""
        if not self.is_closed:
            log_drop(reason)
            self.close()

    def close(self) -> None:
        """Close the connection and cancel what waits; on the listener's thread."""
        if self.is_closed:
            return
        self.is_closed = True
        self._patience.cancel()
        self._loop.remove_reader(self._connection)
        self._loop.remove_writer(self._connection)
        self._outbox.close()
        self._has_sent.set()
        self._connection.close()
        self._reader.clear()
        self._runner.close()
        self._on_closed(self)

    def abandon(self) -> None:
        """Close a forked child's copy of the descriptor; the parent's stays open."""
        self._connection.close()

    def _read(self) -> None:
        try:
            data = self._connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end()
            return
        self._reader.hold(data)
        self._take_all()

    def _end(self) -> None:
        """The client has closed its end, or died."""
        if not self.is_ready:
            self.drop("it ended before the handshake had")
        elif not self._reader.is_between_frames:
            self.drop("it ended within a message")
        else:
            self.close()

    def _take_all(self) -> None:
        """Take what has come, until so much is kept that the client must read first.

        Else one client could fill the host's memory with answers.
        """
        try:
            # Frame by frame, for the limit is another one after the first.
            while not self._is_stopped() and (frame := self._reader.take()) is not None:
                self._take(frame)
        except BrokenWire as error:
            self.drop(str(error))
        if self._is_full() and not self.is_closed:
            self._is_paused = True
            self._loop.remove_reader(self._connection)

    def _go_on(self) -> None:
        """Answer and take what had to wait for the client to read."""
        self._runner.answer_ended()
        if self._is_paused and not self._is_full():
            self._is_paused = False
            self._loop.add_reader(self._connection, self._read)
            self._take_all()

    def _is_stopped(self) -> bool:
        return self.is_closed or self._is_full()

    def _is_full(self) -> bool:
        return self._outbox.is_full

    def _take(self, frame: Frame) -> None:
        if not self.is_ready:
            self._shake_hands(frame)
        elif frame.kind == Kind.CALL:
            self._runner.start(frame.number, frame.payload)
        elif frame.kind == Kind.CANCEL:
            self._runner.cancel(frame.number)
        else:
            raise BrokenWire(f"a frame of kind {frame.kind} from a client")

    def _shake_hands(self, frame: Frame) -> None:
        if frame.kind != Kind.HELLO:
            raise BrokenWire(f"a frame of kind {frame.kind} before the handshake")
        hello, proof = handshake.split(bytes(frame.payload))
        self.pid = handshake.read_hello(hello).pid
        handshake.check(self._key, b"client", self._hello, hello, proof)
        answer = handshake.prove(self._key, b"host", self._hello, hello)
        self._patience.cancel()
        self._reader.limit = self._limit
        self._send(Kind.PROOF, payload=answer)
        self.is_ready = True

    def _lose_patience(self) -> None:
        self.drop(f"no handshake within {handshake.SECONDS:g} s")

    def _send(self, kind: Kind, number: int = 0, payload: bytes = b"") -> None:
        self._put(pack(kind, number, payload), number)

    def _put(self, frame: bytes, number: int = 0) -> None:
        try:
            self._outbox.send(frame, number)
        except Overfull:
            self._post(self.drop, "it does not read")
        except OSError:  # the loop sees the end of the connection by itself
            pass

    def _flush_soon(self) -> None:
        self._post(self._watch)

    def _post(self, function: Callable[..., object], *args: object) -> None:
        with suppress(RuntimeError):  # the loop has ended, and all connections with it
            self._loop.call_soon_threadsafe(
                function, *args, context=contextvars.Context()
            )

    def _watch(self) -> None:
        if not self.is_closed:
            self._loop.add_writer(self._connection, self._flush)

    def _flush(self) -> None:
        try:
            is_empty = self._outbox.flush()
        except OSError:
            self.close()
            return
        if is_empty:
            self._loop.remove_writer(self._connection)
        self._go_on()
        if not self._outbox.kept_bytes:
            self._has_sent.set()
