"""Text that a running body writes for its owner to read meanwhile."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass

_BLOCK_PIECES = 256  # pieces that are joined into one block
_BLOCK_CHARACTERS = 4096  # characters after which they are joined earlier
_WAKE_SECONDS = 0.05  # between two wake-ups of the readers of one output

UNBOUNDED = sys.maxsize


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a body wrote from a place on, as a reader got it."""

    text: str
    """What was written between ``start`` and ``end``."""

    start: int
    """The place from which it was read; 0 when the reader's was an earlier attempt's.
    """

    end: int
    """The place from which the next read goes on."""

    attempt: int
    """The attempt that wrote it, from 1; 0 while none has started."""

    is_finished: bool
    """True once the operation has finished; with an empty text, there is no more."""


class OutputBuffer:
    """The output of one operation's newest attempt; from any thread and loop.

    Places are counted in characters. Pieces are joined into blocks as they come, so
    that a great many take little more memory than their text, and a place is found
    without a look at what comes before it.
    """

    __slots__ = (
        "_blocks",
        "_ends",
        "_is_closed",
        "_lock",
        "_pieces",
        "_waiters",
        "_woken_time",
        "allowance",
        "attempt",
        "is_discarded",
        "size",
    )

    def __init__(self, attempt: int, *, allowance: int = UNBOUNDED) -> None:
        self._lock = threading.RLock()
        """Protects everything below but ``allowance``: a body's threads may write at
        once, and readers are elsewhere. Innermost: no other lock is taken under it, no
        loop is woken. Reentrant, because a finalizer may write."""
        self.attempt = attempt
        self.size = 0
        """Characters written so far; read by any thread without the lock."""
        self.allowance = allowance
        """Up to how many characters it may grow before its writer must ask. In the pool
        raised under the ledger's lock; a stale look at it costs one question more."""
        self._blocks: list[str] = []
        self._ends: list[int] = []
        """The place at which each block ends."""
        self._pieces: list[str] = []
        """What was written after the last block."""
        self._is_closed = False
        self.is_discarded = False
        """True once its operation was forgotten; read without the lock."""
        self._waiters: dict[asyncio.AbstractEventLoop, set[asyncio.Future[None]]] = {}
        """Readers that wait for a change, by their loop."""
        self._woken_time = 0.0
        """When readers were woken last, by ``time.monotonic``."""

    # -- writing -----------------------------------------------------------------------

    def add(self, attempt: int, text: str) -> bool:
        """Append a text; what comes after the attempt's end is ignored.

        Returns:
            False when the allowance is used up, and nothing was changed.
        """
        with self._lock:
            if self._is_closed or attempt != self.attempt:
                return True
            size = self.size + len(text)
            if size > self.allowance:
                return False
            self._pieces.append(text)
            self.size = size
            is_long = size - (self._ends[-1] if self._ends else 0) > _BLOCK_CHARACTERS
            if is_long or len(self._pieces) == _BLOCK_PIECES:
                self._join_pieces()
            is_awaited = bool(self._waiters)
        if is_awaited:
            self.wake()
        return True

    def _join_pieces(self) -> None:
        self._blocks.append("".join(self._pieces))
        self._ends.append(self.size)
        self._pieces.clear()

    def restart(self, attempt: int) -> None:
        """Begin anew, empty, for another attempt; the caller calls ``wake`` later."""
        with self._lock:
            self._clear()
            self.attempt, self._is_closed = attempt, False

    def close(self) -> None:
        """Ignore what is written from now on."""
        with self._lock:
            self._is_closed = True

    def discard(self) -> None:
        """Forget the text and ignore what is written from now on."""
        with self._lock:
            self._clear()
            self._is_closed = self.is_discarded = True

    def _clear(self) -> None:
        self._blocks.clear()
        self._ends.clear()
        self._pieces.clear()
        self.size = 0

    # -- reading -----------------------------------------------------------------------

    def read(
        self, start: int, attempt: int | None, limit: int | None
    ) -> tuple[str, int, int]:
        """Return the text from a place on, where it starts, and its attempt.

        Args:
            start: A place of ``attempt``; what is past the end means the end.
            attempt: The attempt to which the place belongs; None for the newest.
            limit: How many characters are returned at most.
        """
        with self._lock:
            if attempt is not None and attempt != self.attempt:
                start = 0
            start = min(start, self.size)
            end = self.size if limit is None else min(self.size, start + limit)
            first, last = bisect_right(self._ends, start), bisect_left(self._ends, end)
            begin = self._ends[first - 1] if first else 0
            parts = self._blocks[first : last + 1]
            if last == len(self._blocks):
                parts += self._pieces
            attempt = self.attempt
        text = "".join(parts)[start - begin : end - begin]
        return text, start, attempt

    def whole(self) -> str:
        """Return all of the text; it is kept as this object from now on."""
        with self._lock:
            text = "".join([*self._blocks, *self._pieces])
            self._pieces.clear()
            self._blocks[:] = [text]
            self._ends[:] = [self.size]
            return text

    def is_held_by(self, value: object) -> bool:
        """Return whether a value is the object that holds all of the text."""
        with self._lock:
            is_one = len(self._blocks) == 1 and not self._pieces
            return is_one and self._blocks[0] is value

    def is_past(self, start: int, attempt: int) -> bool:
        """Return whether a reader at this place has nothing to wait for."""
        is_another = self.attempt != attempt and self.attempt > 0
        return self.size > start or is_another or self.is_discarded

    # -- waiting -----------------------------------------------------------------------

    def add_waiter(self) -> asyncio.Future[None]:
        """Return a future of the running loop that ends at the next change."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        with self._lock:
            self._waiters.setdefault(loop, set()).add(waiter)
        return waiter

    def remove_waiter(self, waiter: asyncio.Future[None]) -> None:
        """Forget a future that nothing awaits any more."""
        loop = waiter.get_loop()
        with self._lock:
            waiters = self._waiters.get(loop, set())
            waiters.discard(waiter)
            if not waiters:
                self._waiters.pop(loop, None)

    def rest_seconds(self) -> float:
        """Return how long a reader rests before it waits again; 0 most of the time.

        So a writer wakes its readers at most once in that time, with one call for each
        loop, however many they are. By the system's clock: nothing depends on it but
        the cost.
        """
        return self._woken_time + _WAKE_SECONDS - time.monotonic()

    def wake(self) -> None:
        """Wake the readers that wait; the caller holds no lock."""
        with self._lock:
            waiters, self._waiters = self._waiters, {}
            if waiters:
                self._woken_time = time.monotonic()
        for loop, futures in waiters.items():
            with suppress(RuntimeError):  # the loop was closed, its readers with it
                # An empty context: the caller's may be a body's, with its content.
                loop.call_soon_threadsafe(_end_each, futures, context=Context())


def _end_each(futures: set[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
