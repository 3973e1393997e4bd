"""Waking a coordinator when its rate allows the next start."""

from __future__ import annotations

from collections.abc import Callable

from .clock import Clock, TimerHandle
from .rate import Rate


class Pace:
    """A rate with a timer; belongs to one loop, without a lock."""

    def __init__(self, rate: Rate, clock: Clock, wake: Callable[[], object]) -> None:
        """Make a pace whose timer is not set.

        Args:
            rate: Of the coordinator's queue.
            clock: Where the timer comes from.
            wake: Starts what may start.
        """
        self._rate = rate
        self._clock = clock
        self._wake = wake
        self._timer: TimerHandle | None = None

    def watch(self, *, is_awaited: bool) -> None:
        """Set the timer if a start must wait and something may wait for it."""
        if not is_awaited:
            self.stop()
        elif self._timer is None and (seconds := self._rate.wait_seconds()):
            self._timer = self._clock.call_later(seconds, self._on_timer)

    def stop(self) -> None:
        """Take the timer back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        self._timer = None
        self._rate.begin_late()
        try:
            self._wake()
        finally:
            self._rate.end_late()
