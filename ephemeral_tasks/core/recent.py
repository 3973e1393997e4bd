"""The newest signals, by count and age."""

from __future__ import annotations

from collections import deque

from .clock import Clock, monotonic_of
from .matching import matcher
from .signal import Signal


class Recent:
    """Remembers signals; a timer drops the oldest one at its age.

    Belongs to one loop: no lock protects it.
    """

    def __init__(self, *, size: int, max_age: float | None, clock: Clock) -> None:
        self._max_age = max_age
        self._clock = clock
        self._monotonic = monotonic_of(clock)
        self._signals: deque[tuple[float, Signal]] = deque(maxlen=size)
        """Each with the time at which it came, by the monotonic clock."""
        self._has_timer = False

    def __len__(self) -> int:
        return len(self._signals)

    def add(self, signal: Signal) -> None:
        """Remember a signal; the oldest one may be dropped for it."""
        self._signals.append((self._monotonic(), signal))
        if not self._has_timer:
            self._start_timer()

    def matching(self, pattern: str) -> tuple[Signal, ...]:
        """Return the signals whose names match a pattern, oldest first."""
        self._drop_old()
        matches = matcher(pattern)
        return tuple([signal for _, signal in self._signals if matches(signal.name)])

    def restart(self) -> None:
        """Set timers on another loop from now on; the one before is closed."""
        self._has_timer = False

    def _start_timer(self) -> None:
        if self._signals and self._max_age is not None:
            self._has_timer = True
            left = self._signals[0][0] + self._max_age - self._monotonic()
            self._clock.call_later(left, self._on_timer)

    def _on_timer(self) -> None:
        self._has_timer = False
        self._drop_old()
        self._start_timer()

    def _drop_old(self) -> None:
        if self._max_age is None:
            return
        oldest = self._monotonic() - self._max_age
        while self._signals and self._signals[0][0] <= oldest:
            self._signals.popleft()
