"""What a test left unfinished, and waiting for it."""

from __future__ import annotations

import threading
import time

from .. import pool as pools
from ..core.testing import PATIENCE_SECONDS
from ..pool.pool import Pool
from .inline_pool import InlinePool


def unfinished() -> list[str]:
    """Return a line for each operation that has not ended: id, task and status."""
    pool = pools.current()
    if pool is None:
        return []
    return [
        f"{one.id} {one.task.name} {one.status}" for one in pool.ledger.unfinished()
    ]


def drain(timeout: float = PATIENCE_SECONDS) -> None:
    """Wait until all that was submitted has ended, also what bodies submit meanwhile.

    Nothing is cancelled, and more may be submitted afterwards. In an async test that
    uses the inline mode, call ``await asyncio.to_thread(drain)``.

    Raises:
        AssertionError: Something is unfinished after ``timeout`` seconds; the message
            names it.
    """
    pool = pools.current()
    if pool is not None and pool.loop.is_alive() and not is_quiet(pool, timeout):
        lines = "\n  ".join(unfinished())
        raise AssertionError(f"unfinished after {timeout:g} s:\n  {lines}")


def cancel_all(timeout: float = PATIENCE_SECONDS) -> None:
    """Cancel everything, wait until it has ended, and go on.

    Raises:
        AssertionError: A body goes on after ``timeout`` seconds.
    """
    pool = pools.current()
    if pool is not None:
        pool.follow(pool.ledger.cancel_all())
        drain(timeout)


def is_quiet(pool: Pool, timeout: float) -> bool:
    """Return whether everything has ended, within the time-out."""
    until = time.monotonic() + timeout
    while True:
        if isinstance(pool, InlinePool):
            pool.work_for_closed_loops()
        countdown = _Countdown()
        pool.loop.post(countdown.start, pool)
        if not countdown.is_over.wait(max(0.0, until - time.monotonic())):
            return False
        if not countdown.count:  # nothing was unfinished when the loop looked
            return True


class _Countdown:
    """Sets an event when all that is unfinished at the start has ended."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.count = 0
        """How many it waited for; all of it is touched on the loop."""
        self._left = 0

    def start(self, pool: Pool) -> None:
        operations = pool.ledger.unfinished()
        self.count = self._left = len(operations)
        for operation in operations:
            operation.add_waiter(self)
        if not operations:
            pool.notify(self.is_over.set)  # after the receivers of earlier signals

    def done(self) -> bool:
        """Return False: it waits for more than one."""
        return False

    def set_result(self, result: None, /) -> None:
        """Called when one of them has ended."""
        self._left -= 1
        if not self._left:
            self.is_over.set()
