"""Time as a dependency."""

import asyncio
import contextvars
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol


class TimerHandle(Protocol):
    """A call that is due later and may be taken back."""

    def cancel(self) -> None:
        """Take the call back; after it was made this does nothing."""


class Clock(Protocol):
    """A source of time and timers.

    ``time`` may be called from any thread; ``call_later`` on the loop alone. A clock
    may also have ``monotonic() -> float``, whose seconds never jump; durations and ages
    are measured by it. Without it ``time`` is taken to be steady.
    """

    def time(self) -> float:
        """Return seconds since the epoch, UTC."""

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any
    ) -> TimerHandle:
        """Call ``callback(*args)`` on the loop after ``delay`` seconds."""


class LoopClock:
    """The system's time and the running loop's timers.

    Its calls run in an empty context: one that is copied would keep alive what the
    variables of some body refer to.
    """

    # A tool that freezes time in tests replaces the functions of `time` wherever a
    # module names them. Rows then show its time; ages, which the loop's own timers
    # must agree with, stay real: a partial is not replaced, and costs no Python call.
    monotonic = staticmethod(partial(time.monotonic))

    def time(self) -> float:
        """Return seconds since the epoch, UTC."""
        return time.time()

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any
    ) -> TimerHandle:
        """Call ``callback(*args)`` on the running loop after ``delay`` seconds."""
        return asyncio.get_running_loop().call_later(
            delay, callback, *args, context=contextvars.Context()
        )


def monotonic_of(clock: Clock) -> Callable[[], float]:
    """Return the function that durations and ages are measured by."""
    monotonic: Callable[[], float] = getattr(clock, "monotonic", clock.time)
    return monotonic
