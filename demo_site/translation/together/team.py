"""The engines of one loop: which of them gets the next batch."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from django.views.decorators.debug import sensitive_variables

from demo_site.translation.contract import Engine, Pair
from demo_site.translation.errors import (
    EngineBusy,
    EngineError,
    EngineRefused,
    NoEngine,
    UnknownPair,
)
from demo_site.translation.routes import routes
from demo_site.translation.together.batches import Batch
from demo_site.translation.together.member import Member, TextsFailed
from ephemeral_tasks.core import Clock, LoopClock

# While an engine works on as much as it takes; an answer takes about as long.
_FULL_SECONDS = 0.1
# After all engines have failed a batch: doubled each time, up to the second.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 2.0

# Texts that have failed so often, at engines that translate others, count as refused.
_FAILURES = 3


class TryAgain(Exception):
    """A batch got no answer now, and holds no slot until it is tried again."""

    def __init__(self, seconds: float) -> None:
        """Set when that is."""
        super().__init__(f"again in {seconds:g} seconds")
        self.seconds = seconds


class Team:
    """Engines that work as one. Belongs to the loop on which it was made."""

    def __init__(
        self,
        engines: Iterable[Engine],
        *,
        patience_seconds: float,
        on_capacity: Callable[[int], object],
        clock: Clock | None = None,
    ) -> None:
        """Make a team in which no engine is healthy yet.

        Args:
            engines: In the order in which they were configured.
            patience_seconds: How long a batch is tried while no engine answers.
            on_capacity: Called with how many batches may be on their way at once, when
                that changes.
            clock: Where the time comes from.
        """
        self.loop = asyncio.get_running_loop()
        clock = clock or LoopClock()
        self._monotonic = getattr(clock, "monotonic", clock.time)
        self.members = tuple(
            Member(each, clock=clock, monotonic=self._monotonic) for each in engines
        )
        self.probed_time: float | None = None
        """When all were last asked, by the clock."""
        self._patience_seconds = patience_seconds
        self._on_capacity = on_capacity
        self._capacity = 0
        self._turns = 0

    # -- health ------------------------------------------------------------------------

    async def probe(self) -> None:
        """Ask all engines at once whether they are there."""
        async with asyncio.TaskGroup() as probes:
            for member in self.members:
                probes.create_task(member.probe())
        self.probed_time = self._monotonic()
        self._follow_capacity()

    def _follow_capacity(self) -> None:
        answering = [each for each in self.members if each.is_answering]
        capacity = max(1, sum(each.capacity for each in answering))
        if capacity != self._capacity:
            self._capacity = capacity
            self._on_capacity(capacity)

    def routes(
        self, *, is_answering: bool = False
    ) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """Return the shortest route for each pair, over all engines' pairs.

        Args:
            is_answering: Whether only over engines that answer now.
        """
        engines = [
            member.engine
            for member in self.members
            if member.is_answering or not is_answering
        ]
        return _routes(frozenset(pair for each in engines for pair in each.pairs()))

    # -- batches -----------------------------------------------------------------------

    @sensitive_variables()
    async def translate(self, batch: Batch) -> list[str]:
        """Return the translations of a batch's texts.

        Raises:
            TryAgain: No engine has answered; what was reached by then is in the batch.
            NoEngine: The same for longer than its patience.
            EngineRefused: An engine refuses its texts; one text, also another engine.
        """
        while batch.hops:
            member = self._choose(batch)
            batch.texts = await self._ask(member, batch)
            batch.hops.popleft()
            batch.failed.clear()
            batch.refused.clear()
            batch.waiting_since = None
            batch.failures = batch.rounds = 0
        return batch.texts

    @sensitive_variables()
    async def _ask(self, member: Member, batch: Batch) -> list[str]:
        """Return an engine's answer to the next hop.

        Raises:
            TryAgain, EngineRefused: There is none.
        """
        self._turns += 1
        member.last_used = self._turns
        try:
            return await member.translate(batch.texts, batch.hops[0])
        except EngineRefused:
            batch.refused.add(member)
        except TextsFailed:
            batch.failed.add(member)
            batch.failures += 1
            if batch.failures >= _FAILURES:
                batch.refused.add(member)
        except EngineBusy:
            pass  # the engine rests now, and is not chosen
        except EngineError:
            batch.failed.add(member)
            self._follow_capacity()  # it may have failed too often
        # Outside of the handlers: the engine's error is not kept as a context.
        if batch.refused and (len(batch.texts) > 1 or len(batch.refused) > 1):
            raise EngineRefused("the texts are refused")
        raise TryAgain(0.0)

    def _choose(self, batch: Batch) -> Member:
        """Return the least busy engine for a batch; among equals they take turns.

        Raises:
            TryAgain, NoEngine, EngineRefused, UnknownPair: There is none.
        """
        pair = batch.hops[0]
        able = [member for member in self.members if member.has(pair)]
        if not able:
            raise UnknownPair(*pair)
        able = [member for member in able if member not in batch.refused]
        if batch.refused and not any(map(self._will_answer, able)):
            raise EngineRefused("no other engine is there")
        ready = [
            member for member in able if member.is_answering and not member.is_resting
        ]
        free = [
            member
            for member in ready
            if member not in batch.failed and not member.is_full()
        ]
        if free:
            return min(free, key=lambda member: (member.in_flight, member.last_used))
        raise self._postpone(batch, able, ready)

    def _will_answer(self, member: Member) -> bool:
        """Return whether it may answer before a batch's patience ends."""
        rest = member.rest_seconds()
        return member.is_answering and rest <= self._patience_seconds

    def _postpone(
        self, batch: Batch, able: Sequence[Member], ready: Sequence[Member]
    ) -> TryAgain:
        """Return when a batch that found no engine is tried again.

        Raises:
            NoEngine: It has waited for as long as its patience.
            EngineRefused: The same, and an engine has refused it.
        """
        if any(member not in batch.failed for member in ready):
            return TryAgain(_FULL_SECONDS)  # they work, on others' batches
        now = self._monotonic()
        if batch.waiting_since is None:
            batch.waiting_since = now
        left = batch.waiting_since + self._patience_seconds - now
        if left <= 0 and batch.refused:
            raise EngineRefused("no other engine has answered")
        if left <= 0:
            raise NoEngine("no engine has answered")
        batch.failed.clear()
        rests = [member.rest_seconds() for member in able if member.is_answering]
        pause = min(_FIRST_PAUSE * 2**batch.rounds, _LONGEST_PAUSE)
        if rests and min(rests) > 0:  # each has said when to ask again
            pause = min(rests)
        else:
            batch.rounds += 1
            pause *= random.uniform(0.5, 1.0)
        return TryAgain(min(pause, left))


@lru_cache(maxsize=8)
def _routes(pairs: frozenset[Pair]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    # A server may have two thousand pairs: too many for each form of a page.
    return routes(pairs)
