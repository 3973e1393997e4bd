"""One engine, and how it is doing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from django.views.decorators.debug import sensitive_variables

from demo_site.translation.contract import Engine, Pair
from demo_site.translation.errors import (
    EngineBroken,
    EngineBusy,
    EngineError,
    EngineTimeout,
    UnknownPair,
)
from ephemeral_tasks.core import Clock
from ephemeral_tasks.core.patterns import Breaker, BreakerOpen, BreakerState

# Long enough for a server that is busy, and shorter than the time between two probes.
_PROBE_SECONDS = 2.0

# Translated after each failure, to see whether other texts would fail as well.
_SAMPLE = "The house is big."
# With the usual time-out of a request before it, three failures in a row are still
# within the time in which they count together.
_SAMPLE_SECONDS = 4.0

_FAILURES = 3
_WITHIN_SECONDS = 30.0
_OPEN_SECONDS = 10.0


class TextsFailed(EngineError):
    """An engine fails at these texts, but translates others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How an engine is doing, for staff."""

    name: str
    is_healthy: bool
    is_resting: bool
    """Whether it asked to be left alone, or has failed too often."""
    in_flight: int
    """Requests that it works on."""
    served: int
    """Requests that it has answered."""


class Member:
    """An engine of a team. Belongs to the team's loop; others read its condition."""

    def __init__(
        self, engine: Engine, *, clock: Clock, monotonic: Callable[[], float]
    ) -> None:
        """Make a member that is not yet healthy."""
        self.engine = engine
        self.is_healthy = False
        """Whether its last probe was good."""
        self.in_flight = 0
        self.served = 0
        self.last_used = 0
        """The turn in which it was last chosen; the team counts them."""
        self._proven: Pair | None = None
        """In which it has last translated a text."""
        self._monotonic = monotonic
        self._resting_until = 0.0
        """By the clock; after an answer that said when to ask again."""
        self._breaker = Breaker(
            failures=_FAILURES,
            within=_WITHIN_SECONDS,
            open_seconds=_OPEN_SECONDS,
            errors=(EngineBroken, EngineTimeout),
            clock=clock,
        )
        self._translate = self._breaker.guard(self._try)

    @property
    def is_answering(self) -> bool:
        """Return whether it is there, although perhaps busy."""
        return self.is_healthy and self._breaker.state is not BreakerState.OPEN

    @property
    def is_resting(self) -> bool:
        """Return whether it wants no request now."""
        return self.rest_seconds() > 0 or self._breaker.state is BreakerState.OPEN

    @property
    def capacity(self) -> int:
        """Return how many requests it takes at once; one while it is on trial."""
        is_on_trial = self._breaker.state is BreakerState.HALF_OPEN
        return 1 if is_on_trial else self.engine.limits.requests

    def has(self, pair: Pair) -> bool:
        """Return whether it translates a pair."""
        try:
            self.engine.route(*pair)
        except UnknownPair:
            return False
        return True

    def is_full(self) -> bool:
        """Return whether it works on as much as it takes."""
        return self.in_flight >= self.capacity

    def rest_seconds(self) -> float:
        """Return for how long it wants to be left alone."""
        return max(0.0, self._resting_until - self._monotonic())

    def condition(self) -> Condition:
        """Return how it is doing."""
        return Condition(
            name=self.engine.name,
            is_healthy=self.is_healthy,
            is_resting=self.is_resting,
            in_flight=self.in_flight,
            served=self.served,
        )

    @sensitive_variables()
    async def translate(self, texts: list[str], pair: Pair) -> list[str]:
        """Return the engine's translations.

        Raises:
            TextsFailed: It fails at these texts, but translates others.
            EngineError: As the engine raised it.
        """
        self.in_flight += 1
        try:
            answers = await self._translate((texts, pair))
        except EngineBusy as error:
            self._resting_until = self._monotonic() + error.retry_after_seconds
            raise
        except BreakerOpen:
            failure: EngineError = EngineBroken("it has failed too often")
        else:
            if answers is not None:
                self.served += 1
                self._proven = pair
                return answers
            failure = TextsFailed("it translates other texts")
        finally:
            self.in_flight -= 1
        raise failure

    @sensitive_variables()
    async def _try(self, item: tuple[list[str], Pair]) -> list[str] | None:
        """Return the engine's answers, or None if it fails at these texts alone.

        The breaker counts what is raised here: a visitor's text that always fails must
        not take the engine away from others.
        """
        texts, pair = item
        served = self.served
        try:
            return await self._ask(texts, pair)
        except (EngineBroken, EngineTimeout) as error:
            failure = error
        if await self._is_working(pair, served):
            return None
        raise failure

    async def _is_working(self, pair: Pair, served: int) -> bool:
        """Return whether it translates a sample, or more texts than it had by then.

        Raises:
            EngineBusy, EngineRefused: It answers so to the sample, too.
        """
        # A proven pair: one that is broken must not take the others away either.
        with suppress(EngineBroken, EngineTimeout, UnknownPair, TimeoutError):
            async with asyncio.timeout(_SAMPLE_SECONDS):
                await self._ask([_SAMPLE], self._proven or pair)
            return True
        return self.served > served

    @sensitive_variables()
    async def _ask(self, texts: list[str], pair: Pair) -> list[str]:
        """Ask the engine; an error of another kind than it promises is its failure."""
        try:
            answers = await self.engine.translate(texts, *pair)
        except EngineError:
            raise
        except Exception as error:  # of an engine of the site's own
            failure = EngineBroken(f"it raised {type(error).__name__}")
        else:
            if len(answers) == len(texts):
                return answers
            failure = EngineBroken(f"{len(answers)} answers to {len(texts)} texts")
        raise failure

    async def probe(self) -> None:
        """Ask the engine whether it is there, and remember the answer."""
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                self.is_healthy = await self.engine.healthy()
        except Exception:  # whatever it is, the engine is not there
            self.is_healthy = False
