"""Lanes: urgent work first, each lane with a bound of its own."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Unpack

from .attempts import Body
from .blocked import BlockedSubmitters
from .coordinator import Coordinator
from .lane_queue import LaneQueue
from .operation import Item, Operation, Value
from .options import Options
from .validation import check_at_least


class PriorityCoordinator(Coordinator[Item, Value]):
    """Runs the operations of the highest lane first, in order within a lane.

    A lower lane waits as long as a higher one has work, unless it has a ``share``.
    """

    def __init__(
        self,
        body: Body[Item, Value],
        *,
        lanes: Mapping[str, int | None],
        lane: Callable[[Item], str] | None = None,
        share: Mapping[str, float] | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Make a coordinator for the running loop.

        Args:
            body: Coroutine function, called with one item.
            lanes: How many may wait in each lane, None for no bound besides
                ``capacity``; the highest lane first.
            lane: Gives the lane of an item that was submitted without one; the lowest
                lane by default.
            share: The least part of the starts that some lanes get while they wait,
                each above 0, together at most 1.
            options: As for Coordinator; ``limit`` is required.
        """
        _check_lanes(lanes)
        _check_share(lanes, share or {})
        if not (lane is None or callable(lane)):
            raise TypeError(f"lane must be callable, got {lane!r}")
        self._lane_queue = LaneQueue(lanes, share or {})
        super().__init__(body, queue=self._lane_queue, **options)
        self._blocked = BlockedSubmitters(urgency=lanes)
        self._names = tuple(lanes)
        self._lane = lane

    async def submit(
        self, item: Item, *, lane: str | None = None
    ) -> Operation[Item, Value]:
        """Take an item as soon as its lane has a place.

        Args:
            lane: The lane's name; by default that of the coordinator's ``lane``.

        Raises:
            Closed: The coordinator was closed, perhaps while this call waited.
            ValueError: There is no such lane.
        """
        self._check_open()
        key = self._lane_of(item, lane)
        operation = self._make(item, key)
        if self._admits(key):
            return self.admit(operation)
        return await self._block(operation)

    def submit_nowait(
        self, item: Item, *, lane: str | None = None
    ) -> Operation[Item, Value]:
        """Take an item now.

        Raises:
            QueueFull: The lane, or the coordinator, is full; nothing was changed.
            Closed: The coordinator was closed.
            ValueError: There is no such lane.
        """
        self._check_open()
        key = self._lane_of(item, lane)
        if not self._admits(key):
            raise self._refuse(key)
        return self.admit(self._make(item, key))

    def prepare(self, item: Item, *, lane: str | None = None) -> Operation[Item, Value]:
        """Make an operation for ``accept``, from any thread."""
        return self._make(item, self._lane_of(item, lane))

    def waiting_by_lane(self) -> dict[str, int]:
        """Return how many wait for their first start in each lane, highest first."""
        with self._lock:  # accept() on another thread changes them
            return self._lane_queue.waiting_by_lane()

    def _key_of(self, item: Item) -> Hashable:
        return self._lane_of(item, None)

    def _lane_of(self, item: Item, lane: str | None) -> str:
        if lane is None:
            lane = self._names[-1] if self._lane is None else self._lane(item)
        if lane not in self._names:
            names = ", ".join(map(repr, self._names))
            raise ValueError(f"lane must be one of {names}, got {lane!r}")
        return lane


def _check_lanes(lanes: Mapping[str, int | None]) -> None:
    if not isinstance(lanes, Mapping):
        raise TypeError(f"lanes must map names to depths, got {lanes!r}")
    if not lanes:
        raise ValueError("lanes must have at least one lane, got none")
    for name, depth in lanes.items():
        if not isinstance(name, str):
            raise TypeError(f"a lane's name must be a str, got {name!r}")
        if depth is not None:
            check_at_least(f"lanes[{name!r}]", depth, 0)


def _check_share(lanes: Mapping[str, int | None], share: Mapping[str, float]) -> None:
    for name, part in share.items():
        if name not in lanes:
            raise ValueError(f"share must name lanes, got {name!r}")
        if not 0 < part <= 1:
            raise ValueError(f"share[{name!r}] must be > 0 and <= 1, got {part!r}")
    if sum(share.values()) > 1 + 1e-9:
        raise ValueError(f"shares must be <= 1 together, got {sum(share.values())}")
