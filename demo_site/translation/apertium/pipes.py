"""The pipes of one loop: one for each mode, few at a time, closed when unused."""

import asyncio
from collections.abc import Sequence

from django.views.decorators.debug import sensitive_variables

from demo_site.translation.apertium.modes import Mode
from demo_site.translation.apertium.pipe import Pipe
from demo_site.translation.apertium.stages import start
from ephemeral_tasks.core import Clock, TimerHandle


class _Place:
    """A mode's pipe, if it has one, and the requests that use or wait for it."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.lock = asyncio.Lock()  # held during a request and the start of its pipe
        self.pipe: Pipe | None = None
        self.users = 0
        self.idle: TimerHandle | None = None

    def close(self) -> None:
        """End the pipe; the next request starts a new one."""
        if self.idle:
            self.idle.cancel()
        if self.pipe:
            self.pipe.kill()
        self.pipe = self.idle = None


class Pipes:
    """All pipes of one loop. Its methods are called on that loop.

    Only `close` may be called elsewhere, once the loop is closed.
    """

    def __init__(
        self, *, limit: int, idle_seconds: float, timeout: float, clock: Clock
    ) -> None:
        """Start without pipes.

        Args:
            limit: Number of pipes kept. While all are busy one more is started; when
                one is free again, the least recently used one is closed.
            idle_seconds: A pipe is closed after so many seconds without a request.
            timeout: Seconds for a request.
        """
        self._limit = limit
        self._idle_seconds = idle_seconds
        self._timeout = timeout
        self._clock = clock
        self._places: dict[str, _Place] = {}  # least recently used first

    @sensitive_variables()
    async def translate(self, mode: Mode, lines: Sequence[str]) -> list[str]:
        """Return the answers of a mode's pipe; requests wait in order for their turn.

        Raises:
            EngineError: The pipe failed; the mode's next request starts a new one.
        """
        place = self._take(mode)
        try:
            async with place.lock:
                pipe = await self._fit(place)
                return await pipe.translate(lines, timeout=self._timeout)
        finally:
            self._release(place)

    def kept(self) -> dict[str, Pipe]:
        """Return the open pipes by the names of their modes."""
        pipes = {name: place.pipe for name, place in self._places.items()}
        return {name: pipe for name, pipe in pipes.items() if pipe and pipe.is_open}

    def close(self) -> None:
        """End all pipes, including busy ones."""
        for place in self._places.values():
            place.close()

    async def aclose(self) -> None:
        """End all pipes and wait until their processes have ended."""
        pipes = list(self.kept().values())
        self.close()
        for pipe in pipes:
            await pipe.stages.ended()

    def _take(self, mode: Mode) -> _Place:
        """Return a mode's place, which is in use from now on."""
        place = self._places.pop(mode.name, None) or _Place(mode)
        self._places[mode.name] = place
        place.users += 1
        if place.idle:
            place.idle.cancel()
            place.idle = None
        return place

    async def _fit(self, place: _Place) -> Pipe:
        """Return the place's pipe, or start one if it has none that works."""
        if place.pipe is None or not place.pipe.is_fit():
            place.pipe = None
            self._close_idle(self._limit - 1)
            place.pipe = Pipe(await start(place.mode.stages), self._clock)
        return place.pipe

    def _release(self, place: _Place) -> None:
        """Leave a place; its pipe is idle if no other request waits for it."""
        place.users -= 1
        if not place.users and _is_open(place):
            self._close_idle(self._limit)
            place.idle = self._clock.call_later(self._idle_seconds, place.close)

    def _close_idle(self, limit: int) -> None:
        """Close idle pipes, least recently used first, down to the limit."""
        is_open = [place for place in self._places.values() if _is_open(place)]
        spare = [place for place in is_open if not place.users]
        for place in spare[: max(0, len(is_open) - limit)]:
            place.close()


def _is_open(place: _Place) -> bool:
    return place.pipe is not None and place.pipe.is_open
