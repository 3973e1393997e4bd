"""Time that tests move by hand."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from typing import Any

_TURNS = 20  # enough for a timer's consequences: a cancelled body ends, the next starts


class ManualTimer:
    """A call that a ManualClock makes when its time comes."""

    __slots__ = ("args", "callback", "is_cancelled")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.callback = callback
        self.args = args
        self.is_cancelled = False

    def cancel(self) -> None:
        """Take the call back and drop its arguments."""
        self.is_cancelled = True
        self.callback, self.args = _do_nothing, ()


class ManualClock:
    """A clock that stands still until ``advance``; belongs to one loop.

    ::

        clock = ManualClock()
        async with WorkCoordinator(body, limit=1, timeout=30, clock=clock) as work:
            operation = await work.submit(item)
            await clock.advance(30)  # the attempt has failed with TimeoutError
    """

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        """Make a clock that shows ``start``, in seconds since the epoch."""
        self._now = start
        self._numbers = count()
        self._timers: list[tuple[float, int, ManualTimer]] = []

    def time(self) -> float:
        """Return seconds since the epoch, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return the same seconds: this clock never jumps."""
        return self._now

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any
    ) -> ManualTimer:
        """Call ``callback(*args)`` once the clock was moved by ``delay`` seconds."""
        while self._timers and self._timers[0][2].is_cancelled:
            heapq.heappop(self._timers)
        timer = ManualTimer(callback, args)
        heapq.heappush(self._timers, (self._now + delay, next(self._numbers), timer))
        return timer

    async def advance(self, seconds: float) -> None:
        """Move the clock and make each call at its own instant, in order.

        After each instant the loop gets twenty turns, in which tasks that woke run on.
        """
        end = self._now + seconds
        await _settle()
        while self._timers and self._timers[0][0] <= end:
            self._now = max(self._now, self._timers[0][0])
            while self._timers and self._timers[0][0] <= self._now:
                timer = heapq.heappop(self._timers)[2]
                timer.callback(*timer.args)
            await _settle()
        self._now = end
        await _settle()


async def _settle() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def _do_nothing() -> None:
    """Stand in for a call that was taken back."""
