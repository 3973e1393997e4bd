"""A place where bodies stop until the test releases them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

Item = TypeVar("Item")

PATIENCE_SECONDS = 10.0
"""How long a test waits for what should happen at once."""


class Hold:
    """Stops bodies, async and plain, and counts how many came and went.

    Bodies and tests may be on any thread and any loop::

        hold = Hold()
        async with WorkCoordinator(hold.body, limit=1) as work:
            operation = await work.submit(item)
            await hold.aentered()  # the body runs
            hold.open()
    """

    def __init__(self, *, is_stubborn: bool = False) -> None:
        """Make a hold that is shut.

        Args:
            is_stubborn: Whether an async body that is cancelled stays until it is
                released; else it leaves with CancelledError.
        """
        self.is_stubborn = is_stubborn
        self.items: list[Any] = []
        """What ``body`` was called with, in the order of arrival."""
        self.entries = 0
        """How many bodies have come so far."""
        self.exits = 0
        """How many have gone, however they went."""
        self.peak = 0
        """How many were here at once at most."""
        self.cancels = 0
        """How often an async body was cancelled here."""
        self._lock = threading.Lock()
        """Protects all other fields, which bodies on many threads change."""
        self._is_open = False
        self._passes = 0
        self._bodies: list[Future[None]] = []
        self._watches: list[tuple[Callable[[], bool], Future[None]]] = []

    @property
    def running(self) -> int:
        """How many bodies are here now."""
        return self.entries - self.exits

    # -- for bodies --------------------------------------------------------------------

    async def body(self, item: Item) -> Item:
        """Stop, then return the item; a coordinator's body as it is."""
        self.items.append(item)
        await self.stop()
        return item

    async def stop(self) -> None:
        """Wait until the test releases this body."""
        gate = self._enter()
        try:
            while not gate.done():
                await self._stay(gate)
        finally:
            gate.cancel()  # a body that was cancelled uses up no pass
            self._leave()

    async def _stay(self, gate: Future[None]) -> None:
        try:
            await _wait_for(gate)
        except asyncio.CancelledError:
            self.cancels += 1
            if not self.is_stubborn:
                raise

    def stop_plain(self) -> None:
        """Wait, in a thread, until the test releases this body."""
        gate = self._enter()
        try:
            gate.result(3 * PATIENCE_SECONDS)
        finally:
            self._leave()

    def _enter(self) -> Future[None]:
        gate: Future[None] = Future()
        with self._lock:
            self.entries += 1
            self.peak = max(self.peak, self.running)
            may_pass = self._is_open or self._passes > 0
            if may_pass:
                self._passes = max(0, self._passes - 1)
            else:
                self._bodies.append(gate)
        if may_pass:
            gate.set_result(None)
        self._look()
        return gate

    def _leave(self) -> None:
        with self._lock:
            self.exits += 1
        self._look()

    # -- for the test ------------------------------------------------------------------

    def open(self) -> None:
        """Release every body, now and from now on."""
        with self._lock:
            self._is_open = True
            gates, self._bodies = self._bodies, []
        for gate in gates:
            _end(gate)

    def pass_one(self) -> None:
        """Release one body: the one that came first, or the next to come."""
        with self._lock:
            while self._bodies:
                gate = self._bodies.pop(0)
                if _end(gate):
                    return
            self._passes += 1

    def entered(self, count: int = 1) -> None:
        """Wait until so many bodies have come, in all; blocks the thread.

        Raises:
            AssertionError: They have not come after ten seconds.
        """
        self._wait(lambda: self.entries >= count, f"{count} to come")

    def left(self, count: int = 1) -> None:
        """Wait until so many bodies have gone, in all; blocks the thread."""
        self._wait(lambda: self.exits >= count, f"{count} to go")

    async def aentered(self, count: int = 1) -> None:
        """Wait, in async code, until so many bodies have come, in all."""
        await self._await(lambda: self.entries >= count, f"{count} to come")

    async def aleft(self, count: int = 1) -> None:
        """Wait, in async code, until so many bodies have gone, in all."""
        await self._await(lambda: self.exits >= count, f"{count} to go")

    def _wait(self, is_so: Callable[[], bool], what: str) -> None:
        try:
            self._watch(is_so).result(PATIENCE_SECONDS)
        except TimeoutError:
            raise self._complaint(what) from None

    async def _await(self, is_so: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await _wait_for(self._watch(is_so))
        except TimeoutError:
            raise self._complaint(what) from None

    def _complaint(self, what: str) -> AssertionError:
        return AssertionError(
            f"waited for {what}; {self.entries} came and {self.exits} went"
        )

    def _watch(self, is_so: Callable[[], bool]) -> Future[None]:
        watch: Future[None] = Future()
        with self._lock:
            self._watches.append((is_so, watch))
        self._look()
        return watch

    def _look(self) -> None:
        """End the watches whose condition holds."""
        with self._lock:
            due = [watch for is_so, watch in self._watches if is_so()]
            self._watches = [one for one in self._watches if one[1] not in due]
        for watch in due:
            _end(watch)


def _end(future: Future[None]) -> bool:
    """End a future; False when its body was cancelled meanwhile."""
    if not future.set_running_or_notify_cancel():
        return False
    future.set_result(None)
    return True


async def _wait_for(future: Future[None]) -> None:
    """Wait for a future that any thread may end; cancelling this leaves it alone."""
    if future.done():
        return
    loop = asyncio.get_running_loop()
    woken: asyncio.Future[None] = loop.create_future()

    def wake(_: object) -> None:
        if not woken.done():
            woken.set_result(None)

    def post(_: object) -> None:
        try:
            loop.call_soon_threadsafe(wake, None)
        except RuntimeError:  # the loop was closed, and the body with it
            return

    future.add_done_callback(post)
    await woken
