"""Lanes of different urgency, each with a depth and a share."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from .operation import Operation
from .queues import index_in

AnyOperation = Operation[Any, Any]

_ROUNDING = 1e-9  # ten times a tenth is a little less than one


class Lane:
    """The waiting operations of one lane."""

    __slots__ = ("again", "credit", "depth", "name", "share", "waiting")

    def __init__(self, name: str, depth: int | None, share: float) -> None:
        self.name = name
        self.depth = depth
        """How many may wait for their first start; None for no bound of its own."""
        self.share = share
        """The part of the starts that it gets at least while it waits."""
        self.credit = 0.0
        """The starts that are due to it by its share; at 1 it goes next."""
        # Ordered dicts: removal in the middle and at the front in constant time.
        self.waiting: OrderedDict[AnyOperation, None] = OrderedDict()
        self.again: OrderedDict[AnyOperation, None] = OrderedDict()
        """Operations whose next attempt is due; they go before the waiting ones."""

    def __bool__(self) -> bool:
        return bool(self.waiting or self.again)

    def __iter__(self) -> Iterator[AnyOperation]:
        yield from self.again
        yield from self.waiting


class LaneQueue:
    """The highest lane goes first; within a lane first come, first served.

    A lane with a share goes next when the starts of other lanes have made one due to
    it. It collects nothing while it is empty. An operation's key is its lane's name.
    Belongs to one scheduler, whose caller serialises the calls.
    """

    def __init__(
        self, lanes: Mapping[str, int | None], share: Mapping[str, float]
    ) -> None:
        """Make empty lanes.

        Args:
            lanes: How many may wait in each, None for no bound; the highest first.
            share: The least part of the starts of some lanes.
        """
        self._lanes: dict[Hashable, Lane] = {
            name: Lane(name, depth, share.get(name, 0.0))
            for name, depth in lanes.items()
        }
        self._waiting = 0
        """How many wait for their first start, in all lanes."""
        self._again = 0
        """How many wait for another attempt that is due."""
        self._shared = [lane for lane in self._lanes.values() if lane.share]

    def __len__(self) -> int:
        return self._waiting

    def waiting_by_lane(self) -> dict[str, int]:
        """Return how many wait for their first start in each lane, highest first."""
        return {lane.name: len(lane.waiting) for lane in self._lanes.values()}

    # -- new operations ----------------------------------------------------------------

    def has_place(self, key: Hashable) -> bool:
        """Return whether the lane is below its depth."""
        lane = self._lanes[key]
        return lane.depth is None or len(lane.waiting) < lane.depth

    def is_free(self, key: Hashable) -> bool:
        """Return whether no operation waits, in whatever lane."""
        return not (self._waiting or self._again)

    def begin(self, operation: AnyOperation) -> bool:
        """Start a new operation without waiting; False where another one waits."""
        return self.is_free(operation.key)

    def push(self, operation: AnyOperation) -> None:
        """Add a new operation at the end of its lane."""
        self._lanes[operation.key].waiting[operation] = None
        self._waiting += 1

    def push_again(self, operation: AnyOperation) -> None:
        """Add an operation whose next attempt is due before its lane's new ones."""
        self._lanes[operation.key].again[operation] = None
        self._again += 1

    # -- turns -------------------------------------------------------------------------

    def pop(self) -> AnyOperation | None:
        """Take the next operation of the lane whose turn it is."""
        if not (self._waiting or self._again):
            return None
        lane = self._next_lane()
        line = lane.again or lane.waiting
        if line is lane.again:
            self._again -= 1
        else:
            self._waiting -= 1
        operation, _ = line.popitem(last=False)
        self._settle(lane)
        return operation

    def _next_lane(self) -> Lane:
        lane = next(lane for lane in self._lanes.values() if lane)
        if self._shared:
            lane = self._grant(lane)
            lane.credit = max(0.0, lane.credit - 1)
        return lane

    def _settle(self, lane: Lane) -> None:
        if lane.share and not lane:
            lane.credit = 0.0  # an idle lane saves no starts up

    def _grant(self, highest: Lane) -> Lane:
        """Add each waiting lane's share of a start; return the lane that goes next."""
        due = None
        for lane in self._shared:
            if lane:
                lane.credit += lane.share
                if due is None and lane.credit >= 1 - _ROUNDING:
                    due = lane
        return due or highest

    def remove(self, operation: AnyOperation) -> None:
        """Take out an operation that waits."""
        lane = self._lanes[operation.key]
        if operation in lane.waiting:
            del lane.waiting[operation]
            self._waiting -= 1
        elif operation in lane.again:
            del lane.again[operation]
            self._again -= 1
        self._settle(lane)

    def release(self, operation: AnyOperation) -> None:
        """Do nothing: an operation holds nothing but its slot."""

    def position(self, operation: AnyOperation) -> int | None:
        """Return its place among waiting ones, from 1; None when it does not wait.

        Counts lanes alone: a share may start a lower lane before a higher one.
        """
        order = [one for lane in self._lanes.values() for one in lane]
        index = index_in(order, operation)
        return None if index is None else index + 1
