"""Frames on their way into a socket that must not block anybody."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from threading import Lock


class Overfull(Exception):
    """The other end reads so slowly that no further notice is kept for it."""


_FRAMES = 10_000
"""So many frames make it full, and of notices no more are kept."""
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
        """More bytes than that make it full."""
        self._on_kept = on_kept
        """Called when the first frame is kept: somebody must flush."""
        self._lock = Lock()
        """Guards the lines below; held while bytes go into a non-blocking socket, or
        the frames of two threads would mix."""
        self._kept: deque[tuple[int, memoryview]] = deque()
        self._size = 0
        self._notices = 0
        """How many of the kept frames are notices."""
        self._is_closed = False
        self._has_begun = False
        """Whether bytes of the first kept frame are on their way."""

    @property
    def kept_bytes(self) -> int:
        """How many bytes wait for the socket."""
        return self._size

    @property
    def is_full(self) -> bool:
        """Whether so much is kept that its sender should make no more."""
        return self._size > self._capacity or len(self._kept) > _FRAMES

    def send(self, frame: bytes, number: int = 0) -> None:
        """Send a frame, or keep it.

        Args:
            frame: Also kept when ``is_full``: a call or an answer is never lost.
            number: The call's, for ``discard`` and ``close``; 0 for a notice.

        Raises:
            Overfull: It is a notice, and 10,000 others are kept.
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
                self._notices -= number == 0
            return True

    def discard(self, number: int) -> bool:
        """Drop a call of which nothing was sent; return whether there was one."""
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
            self._size = self._notices = 0
            return numbers

    def _keep(self, number: int, rest: memoryview) -> None:
        if number == 0:
            if self._notices >= _FRAMES:
                raise Overfull
            self._notices += 1
        self._kept.append((number, rest))
        self._size += len(rest)

    def _try(self, data: bytes | memoryview) -> int:
        try:
            return self._socket.send(data, _FLAGS)
        except BlockingIOError:
            return 0
