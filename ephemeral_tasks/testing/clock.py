"""The pool's time, moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from .. import pool as pools
from ..core.testing import PATIENCE_SECONDS, ManualClock


class PoolClock:
    """The pool's clock, which stands still until ``advance``."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        """Make a clock that shows ``start``, in seconds since the epoch."""
        self._clock = ManualClock(start)

    def time(self) -> float:
        """Return seconds since the epoch, UTC."""
        return self._clock.time()

    def monotonic(self) -> float:
        """Return the same seconds: this clock never jumps."""
        return self._clock.monotonic()

    def advance(self, seconds: float) -> None:
        """Move the pool's clock: what is due by then has happened on return.

        A plain body that wakes for it runs in its thread; wait for its end with
        ``drain()``. Not to be called by a body.
        """
        pool = pools.get()
        if pool.loop.is_current():
            raise RuntimeError("advance() must not be called on the pool's own thread")
        # The loop makes its calls in order, so all timers of before are set then.
        pool.loop.call(lambda: None)
        moved = asyncio.run_coroutine_threadsafe(
            self._clock.advance(seconds), pool.loop.loop
        )
        moved.result(PATIENCE_SECONDS)


@contextmanager
def manual_clock(start: float = 1_750_000_000.0) -> Iterator[PoolClock]:
    """Give a new pool a clock that is moved by hand; the block ends with a fresh pool.

    Ages, idleness, the sweep, time-outs, back-off and deferred starts follow it.
    """
    clock = PoolClock(start)
    pools.reset(clock._clock)
    try:
        yield clock
    finally:
        pools.reset()
