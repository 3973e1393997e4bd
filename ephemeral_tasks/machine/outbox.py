"""Frames on their way into a socket that must not block anybody."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from threading import Lock


class Overfull(Exception):
    """The other end reads so slowly that nothing more is kept for it."""


_FRAMES = 10_000
_FLAGS = getattr(socket, "MSG_NOSIGNAL", 0)  # a server may have restored SIGPIPE


class Outbox:
    """Sends frames in order, from any thread, and keeps what the socket does not take.

    The sender's own thread sends while nothing is kept, which spares a wake-up; the
    rest goes out by ``flush`` on the thread that watches the socket.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        capacity: int,
        on_kept: Callable[[], object],
    ) -> None:
        self._socket = connection
        self._capacity = capacity
        """How many bytes may be kept behind the first frame, in 10,000 frames."""
        self._on_kept = on_kept
        """Called when the first frame is kept: somebody must flush."""
        self._lock = Lock()
        """Guards the next three lines; held while bytes go into a non-blocking
        socket, or the frames of two threads would mix."""
        self._kept: deque[tuple[int, memoryview]] = deque()
        self._size = 0
        self._is_closed = False
        self._has_begun = False
        """Whether bytes of the first kept frame are on their way."""

    @property
    def kept_bytes(self) -> int:
        """How many bytes wait for the socket."""
        return self._size

    def send(self, frame: bytes, number: int = 0) -> None:
        """Send a frame, or keep it; ``number`` is for ``discard`` and ``close``.

        Raises:
            Overfull: Nothing was kept.
            OSError: The connection is closed or broken; the frame was not sent whole.
        """
        with self._lock:
            if self._is_closed:
                raise ConnectionResetError
            if self._kept:
                self._keep(number, memoryview(frame))
                return
            sent = self._try(frame)
            if sent == len(frame):
                return
            self._keep(number, memoryview(frame)[sent:])
            self._has_begun = sent > 0
        self._on_kept()  # it wakes a thread, which then takes the lock

    def flush(self) -> bool:
        """Send what is kept, as far as the socket takes it; return whether all went.

        Raises:
            OSError: The connection is broken.
        """
        with self._lock:
            while self._kept:
                number, rest = self._kept[0]
                sent = self._try(rest)
                self._size -= sent
                if sent < len(rest):
                    self._kept[0] = (number, rest[sent:])
                    self._has_begun = self._has_begun or sent > 0
                    return False
                self._kept.popleft()
                self._has_begun = False
            return True

    def discard(self, number: int) -> bool:
        """Drop a frame of which nothing was sent; return whether there was one."""
        with self._lock:
            for index, (kept, rest) in enumerate(self._kept):
                if kept == number:
                    if index == 0 and self._has_begun:
                        return False  # half a frame would break the wire
                    del self._kept[index]
                    self._size -= len(rest)
                    return True
            return False

    def close(self) -> set[int]:
        """Drop all that is kept and send no more; return the frames not sent whole."""
        with self._lock:
            self._is_closed = True
            numbers = {number for number, _ in self._kept}
            self._kept.clear()
            self._size = 0
            return numbers

    def _keep(self, number: int, rest: memoryview) -> None:
        is_full = len(self._kept) >= _FRAMES or self._size + len(rest) > self._capacity
        if self._kept and is_full:
            raise Overfull
        self._kept.append((number, rest))
        self._size += len(rest)

    def _try(self, data: bytes | memoryview) -> int:
        try:
            return self._socket.send(data, _FLAGS)
        except BlockingIOError:
            return 0
