"""Waiting until a coordinator has nothing left to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .clock import Clock


class Idle:
    """Wakes its waiters when a condition holds; belongs to one loop, without a lock."""

    def __init__(self, is_reached: Callable[[], bool], clock: Clock) -> None:
        self._is_reached = is_reached
        self._clock = clock
        self._waiters: list[asyncio.Future[None]] = []

    def notify(self) -> None:
        """Wake the waiters if the condition holds; call when it may have changed."""
        if self._waiters and self._is_reached():
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def wait(self, timeout: float | None = None) -> None:
        """Return once the condition holds.

        Raises:
            TimeoutError: It does not after ``timeout`` seconds of the clock.
        """
        if timeout is None:
            await self._wait()
            return
        waiting = asyncio.get_running_loop().create_task(self._wait())
        timer = self._clock.call_later(timeout, waiting.cancel)
        try:
            await asyncio.wait((waiting,))
        finally:
            timer.cancel()
            waiting.cancel()
        if not self._is_reached():
            raise TimeoutError(f"operations are unfinished after {timeout} s")

    async def _wait(self) -> None:
        if self._is_reached():
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
