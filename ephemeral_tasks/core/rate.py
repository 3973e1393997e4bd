"""How many operations may start in a second."""

from __future__ import annotations

from collections.abc import Callable

_SLACK_SECONDS = 0.02  # how late a timer may be without slowing the rate down
_ROUNDING_SECONDS = 1e-6  # a timer's time and a clock's differ by their last digits


class Rate:
    """A bucket that holds ``burst`` starts and fills at an even rate.

    Kept as one time, that at which it will be full: the "generic cell rate algorithm",
    ITU-T I.371. Read and written under its coordinator's lock, where that has one.
    """

    def __init__(
        self, per_second: float, burst: int, monotonic: Callable[[], float]
    ) -> None:
        """Make a full bucket.

        Args:
            per_second: How many starts of weight 1 a second, above 0.
            burst: How many may follow each other at once, at least 1.
            monotonic: Returns the seconds of a clock that never jumps.
        """
        self._per_second = per_second
        self._tolerance = (burst - 1) / per_second
        self._monotonic = monotonic
        self._full_time = monotonic()
        """When the bucket is full, by the monotonic clock."""
        self._slack = 0.0
        """How long ago the present starts may have been due."""

    def wait_seconds(self) -> float:
        """Return the seconds until an operation may start; 0.0 if one may start now."""
        left = self._full_time - self._tolerance - self._monotonic()
        return left if left > _ROUNDING_SECONDS else 0.0

    def spend(self, cost: float) -> None:
        """Take a start out; one that costs more than is left delays the next ones."""
        earliest = self._monotonic() - self._slack
        self._full_time = max(self._full_time, earliest) + cost / self._per_second

    def begin_late(self) -> None:
        """Count starts until ``end_late`` as made when they were due.

        For operations that waited for a timer: timers are late by some milliseconds,
        which would add up. More than 20 ms are not made up for.
        """
        self._slack = _SLACK_SECONDS

    def end_late(self) -> None:
        """Count starts as made now again."""
        self._slack = 0.0
