"""What all threads know of the team, and what keeps that up to date."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, Protocol

from django.utils.functional import Promise

from demo_site.translation.conf import Options
from demo_site.translation.contract import Engine, Limits, Pair, as_pairs
from demo_site.translation.errors import UnknownPair
from demo_site.translation.together.member import Condition
from demo_site.translation.together.team import Team
from ephemeral_tasks.core import EphemeralTasksError, LoopClock, TimerHandle

# Rounds that may fail to come before the state counts as unknown.
_STALE_ROUNDS = 3
# Probes go on for so long after the last page or text that needed to know.
_INTEREST_SECONDS = 300.0
# A thread waits so long for the first round; its probes have a shorter time-out.
_WAIT_SECONDS = 3.0


class _Round(Protocol):
    """A round of probes on its way; awaitable on any loop."""

    def result(self, timeout: float | None = None) -> None:
        """Wait, in a thread."""

    def __await__(self) -> Any:
        """Wait, on a loop."""


class Service:
    """The engines of this process, as one, for all threads.

    The team itself lives on the pool's loop, and is made anew for a new one, as after
    a fork.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        options: Options,
        *,
        resize: Callable[[int], object],
        run: Callable[[Callable[[], Coroutine[Any, Any, None]]], _Round],
    ) -> None:
        """Make it; no engine is asked yet.

        Args:
            engines: At least one.
            options: Of the settings.
            resize: Called with how many batches may be on their way at once.
            run: Runs a coroutine function on the pool's loop.
        """
        self.engines = tuple(engines)
        self._options = options
        self._resize = resize
        self._run = run
        self._team: Team | None = None
        """Replaced on the pool's loop, read by any thread."""
        self._asked_time = 0.0
        """When anybody last needed to know; written by any thread, in one step."""
        self._timer: TimerHandle | None = None
        """Of the next round; only the pool's loop uses it."""

    # -- for any thread ----------------------------------------------------------------

    @property
    def is_pseudo(self) -> bool:
        """Return whether no engine really translates."""
        return all(engine.is_pseudo for engine in self.engines)

    @property
    def notice(self) -> str | Promise:
        """Return what visitors must know about the engines; mostly empty."""
        return next((each.notice for each in self.engines if each.notice), "")

    @property
    def patience_seconds(self) -> float:
        """Return how long a text is tried while no engine answers."""
        return self._options.patience_seconds

    def pairs(self) -> tuple[Pair, ...]:
        """Return all pairs, sorted, also those whose engines are away just now."""
        self.refresh()
        return as_pairs(self._team.routes()) if self._team else ()

    def is_available(self, source: str = "", target: str = "") -> bool:
        """Return whether an engine answers, or a route of engines for a pair."""
        self.refresh()
        if self._team is None:
            return False
        routes = self._team.routes(is_answering=True)
        return (source, target) in routes if source else bool(routes)

    def conditions(self) -> tuple[Condition, ...]:
        """Return how each engine is doing; for staff alone."""
        self.refresh()
        members = self._team.members if self._team else ()
        return tuple(member.condition() for member in members)

    def refresh(self) -> None:
        """Wait, in a thread, until the engines were asked; on a loop return at once."""
        self._asked_time = time.monotonic()
        if self._is_fresh():
            return
        # A process that ends runs nothing more, and a round may take too long.
        with suppress(EphemeralTasksError):
            asked = self._run(self._probe_if_stale)
            if not _is_on_loop():
                asked.result(_WAIT_SECONDS)

    async def arefresh(self) -> None:
        """Wait until the engines were asked."""
        self._asked_time = time.monotonic()
        if not self._is_fresh():
            await self._run(self._probe_if_stale)

    def hops(self, source: str, target: str) -> tuple[Pair, ...]:
        """Return the pairs by which a text gets from one language to another.

        Engines that answer come first: a longer route over them before a shorter one
        over others.

        Raises:
            UnknownPair: There is no route.
        """
        for is_answering in (True, False):
            found = self._team.routes(is_answering=is_answering) if self._team else {}
            if route := found.get((source, target)):
                return tuple(Pair(*each) for each in pairwise(route))
        raise UnknownPair(source, target)

    def limits(self, hops: Sequence[Pair]) -> Limits:
        """Return what every engine for these pairs takes in one request.

        Never more than the usual: larger batches would make documents wait longer for
        their turns.
        """
        members = self._team.members if self._team else ()
        able = [each.engine.limits for each in members if any(map(each.has, hops))]
        able.append(Limits())
        return Limits(
            texts=min(each.texts for each in able),
            characters=min(each.characters for each in able),
        )

    def _is_fresh(self) -> bool:
        """Return whether the engines were asked a short while ago."""
        team = self._team
        if team is None or team.probed_time is None or team.loop.is_closed():
            return False
        age = time.monotonic() - team.probed_time
        return age < _STALE_ROUNDS * self._options.probe_seconds

    # -- on the pool's loop ------------------------------------------------------------

    def team(self) -> Team:
        """Return the running loop's team."""
        if self._team is None or self._team.loop is not asyncio.get_running_loop():
            self._timer = None  # an earlier loop's
            self._team = Team(
                self.engines,
                patience_seconds=self._options.patience_seconds,
                on_capacity=self._resize,
            )
        return self._team

    async def _probe_if_stale(self) -> None:
        # Many threads may have asked at once: one round answers them all.
        self.team()
        if not self._is_fresh():
            await self._probe()

    async def _probe(self) -> None:
        try:
            await self.team().probe()
        finally:
            self._schedule()

    def _schedule(self) -> None:
        """Ask again after a while, as long as anybody wants to know."""
        if self._timer is not None:
            self._timer.cancel()
        seconds = self._options.probe_seconds
        self._timer = LoopClock().call_later(seconds, self._probe_again)

    def _probe_again(self) -> None:
        self._timer = None
        if time.monotonic() - self._asked_time < _INTEREST_SECONDS:
            with suppress(EphemeralTasksError):  # the process ends
                self._run(self._probe)


def _is_on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
