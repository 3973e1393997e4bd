"""Apertium as an engine."""

import asyncio
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from django.views.decorators.debug import sensitive_variables

from demo_site.translation.apertium.armour import armour
from demo_site.translation.apertium.cutting import Line, cut
from demo_site.translation.apertium.modes import Mode, find_modes
from demo_site.translation.apertium.pipes import Pipes
from demo_site.translation.contract import Limits, Pair, as_pairs
from demo_site.translation.errors import UnknownPair
from demo_site.translation.routes import routes
from ephemeral_tasks.core import Clock, LoopClock

_LINES = 16
_CHARACTERS = 4000
"""Of one request: after about 100 ms another visitor has a turn."""


class ApertiumEngine:
    """Translates by local pipes, by several of them where there is no direct pair.

    The modes are read once, by the constructor. Each loop has pipes of its own, which
    only it may use. Any number of threads may share the engine.
    """

    name = "apertium"
    is_pseudo = False
    notice = ""
    limits = Limits()

    def __init__(
        self,
        modes: Sequence[Mode] | None = None,
        *,
        limit: int = 4,
        idle_seconds: float = 300.0,
        timeout: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        """Find the installed modes; no program is started before the first text.

        Args:
            modes: Those of the system by default.
            limit: Pipes that a loop keeps, of about 120 MB each.
            idle_seconds: A pipe is closed after so many seconds without a request.
            timeout: Seconds for a request of at most 16 lines or 4000 characters,
                without the start of a pipe.
            clock: Measures the last two.
        """
        modes = find_modes() if modes is None else modes
        self._modes = {(mode.source, mode.target): mode for mode in modes}
        self._routes = routes(self._modes)
        self._pairs = as_pairs(self._routes)
        self._make_pipes: Callable[[], Pipes] = lambda: Pipes(
            limit=limit,
            idle_seconds=idle_seconds,
            timeout=timeout,
            clock=clock or LoopClock(),
        )
        self._lock = threading.Lock()  # protects _pipes
        self._pipes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Pipes] = (
            weakref.WeakKeyDictionary()
        )

    def pairs(self) -> tuple[Pair, ...]:
        """Return all pairs with a route, sorted."""
        return self._pairs

    def route(self, source: str, target: str) -> tuple[str, ...]:
        """Return the languages of the shortest route."""
        try:
            return self._routes[source, target]
        except KeyError:
            raise UnknownPair(source, target) from None

    async def healthy(self) -> bool:
        """Return whether there are pairs, and their programs and files still exist."""
        modes = self._modes.values()
        return bool(modes) and all(mode.is_runnable() for mode in modes)

    @sensitive_variables()
    async def translate(self, texts: list[str], source: str, target: str) -> list[str]:
        """Return the translations of the texts, in their order."""
        modes = [self._modes[pair] for pair in pairwise(self.route(source, target))]
        lines = [cut(text) for text in texts]
        words = [line.words for text in lines for line in text if line.words]
        translated: list[str] = []
        for request in _requests(words):
            translated += await self._over(modes, request)
        answers = iter(translated)
        return ["".join(_fill(text, answers)) for text in lines]

    async def aclose(self) -> None:
        """Close the running loop's pipes and wait until their programs have ended."""
        await self.pipes().aclose()

    def pipes(self) -> Pipes:
        """Return the running loop's pipes."""
        loop = asyncio.get_running_loop()
        with self._lock:
            for other in [loop for loop in self._pipes if loop.is_closed()]:
                self._pipes.pop(other).close()
            if loop not in self._pipes:
                self._pipes[loop] = self._make_pipes()
            return self._pipes[loop]

    @sensitive_variables()
    async def _over(self, modes: Sequence[Mode], words: list[str]) -> list[str]:
        """Return words translated by one mode after the other."""
        for mode in modes:
            armoured = [armour(each) for each in words]
            bodies = [each.body for each in armoured]
            answers = await self.pipes().translate(mode, bodies)
            pairs = zip(armoured, answers, strict=True)
            words = [each.restore(answer) for each, answer in pairs]
        return words


def _fill(text: list[Line], answers: Iterator[str]) -> Iterator[str]:
    """Yield the parts of a text with their words taken from the answers."""
    for line in text:
        yield line.with_words(next(answers)) if line.words else line.head


def _requests(words: list[str]) -> Iterator[list[str]]:
    """Yield words in portions that are small enough to take turns."""
    request: list[str] = []
    size = 0
    for each in words:
        if request and (len(request) == _LINES or size + len(each) > _CHARACTERS):
            yield request
            request, size = [], 0
        request.append(each)
        size += len(each)
    if request:
        yield request
