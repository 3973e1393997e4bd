"""What the pool did in the last 15 minutes, in samples of 5 s; numbers alone."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ..core.clock import Clock
from .counters import PoolStatistics
from .log import log
from .task_times import TaskTimes

SAMPLE_SECONDS = 5.0
KEPT_SAMPLES = 180
_SAMPLES_PER_MINUTE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What happened in 5 s, and how things stood at their end."""

    started: int
    """Operations whose body was started for the first time."""

    successful: int
    """Operations that ended well."""

    failed: int
    """Operations that ended with an error."""

    cancelled: int
    """Operations that were cancelled."""

    refused_by_reason: dict[str, int]
    """Submissions that were refused, by the setting whose bound was reached."""

    running: int
    """Operations that held a slot at the end."""

    waiting: int
    """Operations that waited at the end, between two attempts, too."""

    asking: int
    """Operations that waited for their owner's answer at the end."""

    longest_wait_seconds: float
    """The longest wait of what was started in it, or waited at its end."""

    @property
    def ended(self) -> int:
        """Operations that ended."""
        return self.successful + self.failed + self.cancelled

    @property
    def refused(self) -> int:
        """Submissions that were refused."""
        return sum(self.refused_by_reason.values())


class Samples:
    """The newest samples of a pool; about 60 KiB.

    Made and filled on the pool's loop. ``read`` may be called by any thread: copying a
    deque is one step for the interpreter.
    """

    def __init__(
        self, clock: Clock, times: TaskTimes, look: Callable[[], PoolStatistics]
    ) -> None:
        """Make an empty ring.

        Args:
            clock: The pool's.
            times: Whose minutes begin here.
            look: Returns the pool's statistics.
        """
        self._clock = clock
        self._times = times
        self._look = look
        self._samples: deque[Sample] = deque(maxlen=KEPT_SAMPLES)
        self._count = 0
        """How many were taken in all."""

    def start(self) -> None:
        """Take a sample every 5 s from now on; on the loop."""
        self._last = self._look()
        self._started = self._times.started
        self._wait()

    def _wait(self) -> None:
        try:
            self._clock.call_later(SAMPLE_SECONDS, self._tick)
        except Exception as error:  # of the site's clock: operations need no samples
            log(logging.WARNING, "no more samples: %s", type(error).__name__)

    def _tick(self) -> None:
        self._take()
        self._wait()

    def _take(self) -> None:
        now, last, times = self._look(), self._last, self._times
        sample = Sample(
            started=times.started - self._started,
            successful=now.successful - last.successful,
            failed=now.failed - last.failed,
            cancelled=now.cancelled - last.cancelled,
            refused_by_reason=_subtract(now.refused_by_reason, last.refused_by_reason),
            running=now.running,
            waiting=now.waiting + now.retrying,
            asking=now.asking,
            longest_wait_seconds=max(
                now.oldest_wait_seconds, times.longest_wait_seconds
            ),
        )
        self._samples.append(sample)
        self._last, self._started = now, times.started
        times.longest_wait_seconds = 0.0
        self._count += 1
        if self._count % _SAMPLES_PER_MINUTE == 0:
            times.begin_minute()

    def read(self) -> tuple[Sample, ...]:
        """Return the samples, the oldest first."""
        return tuple(self._samples.copy())


def _subtract(now: dict[str, int], last: dict[str, int]) -> dict[str, int]:
    """Return by how much each count has grown, without zeros."""
    grown = {name: count - last.get(name, 0) for name, count in now.items()}
    return {name: count for name, count in grown.items() if count}
