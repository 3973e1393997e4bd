"""Entries that end at a time which each use moves."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from itertools import count
from typing import Any

from ..clock import Clock, TimerHandle, monotonic_of


class Entry:
    """A value and its times, by the monotonic clock."""

    __slots__ = ("end_time", "key", "last_time", "value")

    def __init__(self, key: Any, value: Any, end_time: float, last_time: float) -> None:
        self.key = key
        self.value = value
        self.end_time = end_time
        """When it expires, unless it is used before."""
        self.last_time = last_time
        """When it expires at the latest."""


class Expiry:
    """Reports each entry at its end, by one timer; no lock protects it.

    A heap has each entry once, at the end that it had when it was last looked at. A use
    moves the end alone; the heap follows when the earlier time has come.
    """

    def __init__(self, clock: Clock, on_expired: Callable[[Entry], object]) -> None:
        """Make it empty.

        Args:
            clock: Where the timer comes from.
            on_expired: Called with each entry at its end; discards it.
        """
        self._clock = clock
        self._monotonic = monotonic_of(clock)
        self._on_expired = on_expired
        self._ends: list[tuple[float, int, Entry]] = []
        self._numbers = count()
        self._discarded = 0
        """How many entries were discarded since the heap was rebuilt."""
        self._timer: TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._ends)

    def add(self, entry: Entry) -> None:
        """Await an entry's end, if it has one."""
        if entry.end_time < math.inf:
            self._push(entry)
            self._start_timer()

    def discard(self, entry: Entry) -> None:
        """Drop what an entry holds; the heap may refer to it for a while yet."""
        entry.key = entry.value = None
        entry.end_time = -math.inf
        self._discarded += 1
        if self._discarded > len(self._ends) // 2 + 32:
            self._ends = [end for end in self._ends if end[2].end_time > -math.inf]
            heapq.heapify(self._ends)
            self._discarded = 0

    def clear(self) -> None:
        """Await no end any more."""
        self._ends.clear()
        self._discarded = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _push(self, entry: Entry) -> None:
        heapq.heappush(self._ends, (entry.end_time, next(self._numbers), entry))

    def _start_timer(self) -> None:
        if self._timer is None and self._ends:
            left = max(0.0, self._ends[0][0] - self._monotonic())
            self._timer = self._clock.call_later(left, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now = self._monotonic()
        while self._ends and self._ends[0][0] <= now:
            entry = heapq.heappop(self._ends)[2]
            if entry.end_time > now:  # it was used meanwhile
                self._push(entry)
            elif entry.end_time > -math.inf:
                self._on_expired(entry)
        self._start_timer()
