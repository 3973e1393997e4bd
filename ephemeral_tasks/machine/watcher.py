"""A thread that watches one connection: reads what comes, sends what was kept."""

from __future__ import annotations

import contextvars
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from .drops import log_drop
from .outbox import Outbox
from .wire import BrokenWire

_NAME = "ephemeral-tasks-link"
_CHUNK = 256 * 1024


class Watcher:
    """Turns until the connection ends or ``stop`` is called; not an event loop.

    A client has nothing to do but to read: a poll costs less than a loop's turn.
    """

    def __init__(
        self,
        connection: socket.socket,
        outbox: Outbox,
        *,
        on_data: Callable[[bytes], object],
        on_end: Callable[[], object],
    ) -> None:
        """Take a non-blocking connection; both callbacks run on the thread."""
        self._connection = connection
        self._outbox = outbox
        self._on_data = on_data
        self._on_end = on_end
        self._waking, self._woken = socket.socketpair()
        self._waking.setblocking(False)
        self._is_stopping = False
        """Written by ``stop``, on any thread; read after a wake-up."""
        run = contextvars.Context().run  # not in the context of the first caller
        self._thread = threading.Thread(
            target=run, args=(self._turn,), name=_NAME, daemon=True
        )

    def start(self) -> None:
        """Watch from now on."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the outbox; from any thread, never blocks."""
        with suppress(OSError):  # woken already, or ended
            self._waking.send(b"\0")

    def stop(self) -> None:
        """End the connection soon; from any thread."""
        self._is_stopping = True
        self.wake()

    def join(self, timeout: float) -> None:
        """Wait for the thread's end."""
        self._thread.join(timeout)

    def is_current(self) -> bool:
        """Return whether the caller is this thread."""
        return threading.current_thread() is self._thread

    def close(self) -> None:
        """Close the descriptors; by the thread itself, or in a forked child."""
        for one in (self._connection, self._waking, self._woken):
            one.close()

    def _turn(self) -> None:
        watch = select.poll()
        watch.register(self._woken, select.POLLIN)
        watch.register(self._connection, select.POLLIN)
        try:
            self._on_data(b"")  # what came behind the handshake is in the reader
            while self._step(watch):
                pass
        except BrokenWire as error:
            log_drop(error)
        finally:
            self._on_end()

    def _step(self, watch: select.poll) -> bool:
        """Wait for what happens next; return whether to go on."""
        for file, event in watch.poll():
            if file == self._woken.fileno():
                self._woken.recv(_CHUNK)
                watch.modify(self._connection, select.POLLIN | select.POLLOUT)
            elif not self._serve(event, watch):
                return False
        return not self._is_stopping

    def _serve(self, event: int, watch: select.poll) -> bool:
        """Send and read what is due; return whether the connection is still open."""
        if event & select.POLLOUT and not self._flush(watch):
            return False
        return event & ~select.POLLOUT == 0 or self._read()

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
        if data:
            self._on_data(data)
        return bool(data)
