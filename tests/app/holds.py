"""Where bodies stop until a test lets them go on."""

import asyncio
import threading

PATIENCE_SECONDS = 10.0


class Hold:
    """Stops bodies, async and plain, and tells the test that they arrived."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.count = 0
        """How many bodies have come so far."""
        self.ended = 0
        """How many have gone, however they went."""
        self._permits = 0
        self._is_open = False
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future]] = []

    # -- the bodies' side --

    async def stop(self) -> None:
        """Wait here until the test opens the hold."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._changed:
            self._arrive()
            if self._may_pass():
                self.ended += 1
                return
            self._waiters.append((loop, future))
        try:
            await future
        finally:
            self._leave()

    def stop_plain(self) -> None:
        """Wait here, in a thread, until the test opens the hold."""
        with self._changed:
            self._arrive()
            try:
                assert self._changed.wait_for(self._may_pass, 3 * PATIENCE_SECONDS)
            finally:
                self.ended += 1
                self._changed.notify_all()

    def _arrive(self) -> None:
        self.count += 1
        self._changed.notify_all()

    def _leave(self) -> None:
        with self._changed:
            self.ended += 1
            self._changed.notify_all()

    def _may_pass(self) -> bool:
        if self._is_open:
            return True
        if self._permits:
            self._permits -= 1
            return True
        return False

    # -- the test's side --

    def entered(self, count: int = 1) -> None:
        """Wait until so many bodies have come, in all."""
        self._wait(lambda: self.count >= count, f"{count} to enter")

    def left(self, count: int = 1) -> None:
        """Wait until so many bodies have gone, in all."""
        self._wait(lambda: self.ended >= count, f"{count} to leave")

    def _wait(self, is_so, what: str) -> None:
        with self._changed:
            if not self._changed.wait_for(is_so, PATIENCE_SECONDS):
                raise AssertionError(f"waited for {what}; {self.count}, {self.ended}")

    def open(self) -> None:
        """Let everybody go on, now and from now on."""
        with self._changed:
            self._is_open = True
            waiters, self._waiters = self._waiters, []
            self._changed.notify_all()
        for loop, future in waiters:
            _release(loop, future)

    def pass_one(self) -> None:
        """Let one body go on: the one that came first, or the next to come."""
        with self._changed:
            while self._waiters:
                loop, future = self._waiters.pop(0)
                if not future.done():
                    _release(loop, future)
                    return
            self._permits += 1
            self._changed.notify_all()


def _release(loop: asyncio.AbstractEventLoop, future: asyncio.Future) -> None:
    def release() -> None:
        if not future.done():
            future.set_result(None)

    try:
        loop.call_soon_threadsafe(release)
    except RuntimeError:  # the pool has ended
        return
