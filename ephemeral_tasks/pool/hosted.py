"""Named coordinators on the pool's loop, reached from any thread."""

from __future__ import annotations

import contextvars
from collections.abc import Hashable
from contextvars import ContextVar
from functools import partial
from typing import Any, Generic, cast

from django.utils import translation

from ..core import Coordinator, Operation, PriorityCoordinator, Statistics
from ..core.errors import Closed
from ..core.operation import Item, Value
from ..core.registry import Registry
from ..core.validation import check_at_least, check_seconds
from . import get
from .hosted_operation import HostedOperation
from .pool import Pool

LANGUAGE: ContextVar[str | None] = ContextVar("language", default=None)
"""The submitter's language, on its way to the body."""


class HostedCoordinator(Generic[Item, Value]):
    """A named coordinator on the pool's loop; methods may be called on any thread.

    Made at its first submission, one for each process, and drained with the pool.
    """

    def __init__(self, name: str, registry: Registry) -> None:
        self.name = name
        """The name under which ``coordinators`` finds it."""
        self._registry = registry

    def submit(self, item: Item) -> HostedOperation[Item, Value]:
        """Take an item; never waits.

        The body starts in an empty context, in the caller's language.

        Raises:
            QueueFull: As many wait as may wait; nothing was changed.
            Closed: The process is ending.
        """
        hosting = self._hosting()
        return hosting.accept(hosting.coordinator.prepare(item))

    def pause(self, *, for_seconds: float | None = None) -> None:
        """Start no more bodies until ``resume``; running ones go on.

        Args:
            for_seconds: After which this pause ends by itself.
        """
        check_seconds("for_seconds", for_seconds)
        self._post("pause", for_seconds=for_seconds)

    def resume(self) -> None:
        """Start waiting operations, now and from now on."""
        self._post("resume")

    def resize(self, limit: int) -> None:
        """Run ``limit`` bodies at once, from now on.

        Raises:
            TypeError, ValueError: ``limit`` is no whole number from 1 on.
        """
        check_at_least("limit", limit, 1)
        self._post("resize", limit)

    def emit(self, name: str, key: Hashable = None) -> None:
        """Emit a signal at the coordinator's hub, which belongs to the pool's loop.

        From any thread; the listeners are called on that loop, soon.

        Raises:
            RuntimeError: The coordinator was declared without a hub.
            TypeError: The name is no text.
        """
        hosting = self._hosting()
        hub = hosting.coordinator.hub
        if hub is None:
            raise RuntimeError(f"the coordinator {self.name!r} has no hub to emit at")
        if not isinstance(name, str):  # here: on the loop it would only be logged
            raise TypeError(f"name must be a str, got {name!r}")
        if hosting.pool.loop.is_current():  # perhaps by a listener: a cycle is refused
            hub.emit(name, key)
        else:
            hosting.pool.loop.post(hub.emit, name, key)

    def statistics(self) -> Statistics:
        """Return the counters of this instant."""
        return self._hosting().coordinator.statistics()

    def _post(self, method: str, *args: Any, **options: Any) -> None:
        hosting = self._hosting()
        call = partial(getattr(hosting.coordinator, method), *args, **options)
        hosting.pool.loop.post(call)

    def _hosting(self) -> Hosting:
        pool = get()
        return cast("Hosting", pool.host(self.name, partial(self._make, pool)))

    def _make(self, pool: Pool) -> Hosting:
        return Hosting(pool, self._registry.create(self.name))


class HostedLanes(HostedCoordinator[Item, Value]):
    """A named ``PriorityCoordinator`` on the pool's loop."""

    def submit(
        self, item: Item, *, lane: str | None = None
    ) -> HostedOperation[Item, Value]:
        """Take an item; never waits.

        Args:
            lane: The lane's name; by default that of the coordinator's ``lane``.

        Raises:
            QueueFull: The lane, or the coordinator, is full; nothing was changed.
            Closed: The process is ending.
            ValueError: There is no such lane.
        """
        hosting = self._hosting()
        lanes = cast("PriorityCoordinator[Item, Value]", hosting.coordinator)
        return hosting.accept(lanes.prepare(item, lane=lane))

    def waiting_by_lane(self) -> dict[str, int]:
        """Return how many wait for their first start in each lane, highest first."""
        lanes = cast("PriorityCoordinator[Item, Value]", self._hosting().coordinator)
        return lanes.waiting_by_lane()


class Hosting:
    """A coordinator on one pool's loop."""

    def __init__(self, pool: Pool, coordinator: Coordinator[Any, Any]) -> None:
        self.pool = pool
        self.coordinator = coordinator

    def accept(self, operation: Operation[Item, Value]) -> HostedOperation[Item, Value]:
        """Take an operation, from any thread; the loop runs started bodies.

        Raises:
            QueueFull, Closed: It was refused, and nothing was changed.
        """
        operation.variables = contextvars.Context()
        operation.variables.run(LANGUAGE.set, translation.get_language())
        if self.pool.ledger.is_closed:
            raise Closed("closed: this process is ending")
        accepted = operation.facts()
        started = self.coordinator.accept(operation)
        self.pool.loop.post(self.coordinator.run_accepted, accepted, started)
        return HostedOperation(self.pool, operation)
