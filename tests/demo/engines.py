"""Engines that do as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from demo_site.translation import Limits, UnknownPair, as_pairs
from ephemeral_tasks.core.testing import Hold

PAIRS = (("en", "es"), ("es", "en"))


class ToldEngine:
    """Answers each text with what a function makes of it, unless told otherwise."""

    is_pseudo = False
    notice = ""

    def __init__(
        self,
        answer: Callable[[str], str] = str.upper,
        *,
        name: str = "told",
        pairs: Iterable[tuple[str, str]] = PAIRS,
        limits: Limits | None = None,
        hold: Hold | None = None,
    ) -> None:
        """Make an engine that is healthy.

        Args:
            answer: Gives the translation of a text, or raises.
            hold: Where each request stops.
        """
        self.name = name
        self.limits = limits or Limits()
        self.answer = answer
        self.is_there = True
        self.asked: list[list[str]] = []
        """The texts of each request, in the order of arrival."""
        self.probes = 0
        self.peak = 0
        """How many requests there were at once at most."""
        self._hold = hold
        self._now = 0
        self._pairs = as_pairs(pairs)

    async def translate(self, texts: list[str], source: str, target: str) -> list[str]:
        """The answers, in order."""
        self.asked.append(texts)
        self._now += 1
        self.peak = max(self.peak, self._now)
        try:
            if self._hold is not None:
                await self._hold.stop()
            return [self.answer(text) for text in texts]
        finally:
            self._now -= 1

    def pairs(self):
        """Those of the constructor."""
        return self._pairs

    def route(self, source: str, target: str) -> tuple[str, ...]:
        """Both languages."""
        if (source, target) not in self._pairs:
            raise UnknownPair(source, target)
        return source, target

    async def healthy(self) -> bool:
        """As the test says."""
        self.probes += 1
        if self.is_there is None:  # it never answers
            await asyncio.get_running_loop().create_future()
        return self.is_there

    async def aclose(self) -> None:
        """Nothing is held."""


def failing(error: Exception) -> Callable[[str], str]:
    """Return what raises an error for every text."""

    def fail(text: str) -> str:
        raise error

    return fail
