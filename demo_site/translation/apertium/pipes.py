"""The pipes of one loop: one a mode, few at a time, only as long as they are used."""

import asyncio
from collections.abc import Sequence

from demo_site.translation.apertium.modes import Mode
from demo_site.translation.apertium.pipe import Pipe
from demo_site.translation.apertium.stages import start
from ephemeral_tasks.core import Clock, TimerHandle


class _Place:
    """A mode's place: its pipe if there is one, and who waits for it."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.lock = asyncio.Lock()  # held through a request, starting a pipe included
        self.pipe: Pipe | None = None
        self.users = 0
        self.idle: TimerHandle | None = None

    def close(self) -> None:
        """End the pipe; the next request starts another."""
        if self.idle:
            self.idle.cancel()
        if self.pipe:
            self.pipe.kill()
        self.pipe = self.idle = None


class Pipes:
    """All pipes that one loop uses. Its methods are called on that loop.

    Only `close` may come from elsewhere, once the loop is closed.
    """

    def __init__(
        self, *, limit: int, idle_seconds: float, timeout: float, clock: Clock
    ) -> None:
        """Make none yet.

        Args:
            limit: So many are kept. One more is started while all are busy; as soon
                as one of them is not, the one that was used longest ago goes.
            idle_seconds: A pipe without a request for so long is closed.
            timeout: Seconds that a request may take.
        """
        self._limit = limit
        self._idle_seconds = idle_seconds
        self._timeout = timeout
        self._clock = clock
        self._places: dict[str, _Place] = {}  # the one used last is the last

    async def translate(self, mode: Mode, lines: Sequence[str]) -> list[str]:
        """Return the answers of a mode's pipe; requests wait in order for their turn.

        Raises:
            EngineError: There are none; the mode's next request gets a new pipe.
        """
        place = self._taken(mode)
        try:
            async with place.lock:
                pipe = await self._fit(place)
                return await pipe.translate(lines, timeout=self._timeout)
        finally:
            self._release(place)

    def kept(self) -> dict[str, Pipe]:
        """The pipes that are open, by the names of their modes."""
        pipes = {name: place.pipe for name, place in self._places.items()}
        return {name: pipe for name, pipe in pipes.items() if pipe and pipe.is_open}

    def close(self) -> None:
        """End all pipes, busy ones too."""
        for place in self._places.values():
            place.close()

    async def aclose(self) -> None:
        """End all pipes and wait until their processes are gone."""
        pipes = list(self.kept().values())
        self.close()
        for pipe in pipes:
            await pipe.stages.ended()

    def _taken(self, mode: Mode) -> _Place:
        """A mode's place, which is not idle from now on."""
        place = self._places.pop(mode.name, None) or _Place(mode)
        self._places[mode.name] = place
        place.users += 1
        if place.idle:
            place.idle.cancel()
            place.idle = None
        return place

    async def _fit(self, place: _Place) -> Pipe:
        """The place's pipe, or a new one for one that is broken, closed or none."""
        if place.pipe is None or not place.pipe.is_fit():
            place.pipe = None
            self._make_room(self._limit - 1)
            place.pipe = Pipe(await start(place.mode.stages), self._clock)
        return place.pipe

    def _release(self, place: _Place) -> None:
        """Leave a place; if nobody waits there its pipe is idle."""
        place.users -= 1
        if not place.users and _is_open(place):
            self._make_room(self._limit)
            place.idle = self._clock.call_later(self._idle_seconds, place.close)

    def _make_room(self, limit: int) -> None:
        """Close idle pipes, the one used longest ago first, until few enough remain."""
        is_open = [place for place in self._places.values() if _is_open(place)]
        spare = [place for place in is_open if not place.users]
        for place in spare[: max(0, len(is_open) - limit)]:
            place.close()


def _is_open(place: _Place) -> bool:
    return place.pipe is not None and place.pipe.is_open
