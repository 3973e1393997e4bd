"""What a coordinator remembers of its finished operations."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from .clock import Clock, monotonic_of
from .errors import UnknownOperation
from .snapshot import Facts, Snapshot, to_datetime
from .status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """What is left of a finished operation that the history evicted."""

    id: str
    """The operation's id."""

    status: Status
    """How it ended."""

    finished_at: datetime
    """When it ended, UTC."""


_Entry = tuple[float, Facts]
"""When it was added, by the monotonic clock, and what is remembered."""


class History:
    """The newest finished operations, by count and age.

    Pinned operations stay and do not count. An evicted one leaves an echo, of which the
    newest ``echoes`` are kept. A timer evicts the oldest one at its age. Belongs to one
    loop: no lock protects it.
    """

    def __init__(
        self, *, size: int, max_age: float | None, echoes: int, clock: Clock
    ) -> None:
        self._size = size
        self._max_age = max_age
        self._clock = clock
        self._monotonic = monotonic_of(clock)
        self._facts: OrderedDict[str, _Entry] = OrderedDict()
        self._pinned: OrderedDict[str, _Entry] = OrderedDict()
        self._coming: set[str] = set()
        """Ids that were pinned before their operations finished."""
        self._echoes: deque[tuple[str, Status, float]] = deque(maxlen=echoes)
        self._has_timer = False

    @property
    def is_off(self) -> bool:
        """True when nothing is to be remembered, not even an echo."""
        return not (self._size or self._echoes.maxlen or self._coming)

    def add(self, facts: Facts) -> None:
        """Remember a finished operation; the oldest one may be evicted for it."""
        if facts.id in self._coming:
            self._coming.remove(facts.id)
            self._pinned[facts.id] = self._monotonic(), facts
        else:
            self._facts[facts.id] = self._monotonic(), facts
            self._trim()

    def __iter__(self) -> Iterator[Snapshot]:
        """Yield remembered operations, pinned ones first, each group oldest first."""
        self._trim()
        for _, facts in [*self._pinned.values(), *self._facts.values()]:
            yield facts.snapshot()

    def echoes(self) -> tuple[Echo, ...]:
        """Return the echoes of evicted operations, oldest first."""
        self._trim()
        return tuple(
            Echo(id=id, status=status, finished_at=to_datetime(finished_time))
            for id, status, finished_time in self._echoes
        )

    def pin(self, id: str, *, is_coming: bool) -> None:
        """Keep an operation until ``unpin``.

        Args:
            is_coming: Whether it is unfinished and will be added.

        Raises:
            UnknownOperation: It is neither remembered nor coming.
        """
        if is_coming:
            self._coming.add(id)
        elif id in self._facts:
            self._pinned[id] = self._facts.pop(id)
        elif id not in self._pinned:
            raise UnknownOperation(id)

    def unpin(self, id: str) -> None:
        """Subject a pinned operation to the bounds again; an unknown id is ignored."""
        self._coming.discard(id)
        if id in self._pinned:
            self._facts[id] = self._pinned.pop(id)
            self._facts = OrderedDict(
                sorted(self._facts.items(), key=lambda pair: pair[1][0])
            )
            self._trim()

    def _trim(self) -> None:
        while len(self._facts) > self._size:
            self._evict()
        if self._max_age is None:
            return
        while self._facts and self._left_seconds(self._max_age) <= 0:
            self._evict()
        if self._facts and not self._has_timer:
            self._has_timer = True
            self._clock.call_later(self._left_seconds(self._max_age), self._on_timer)

    def _left_seconds(self, max_age: float) -> float:
        oldest, _ = next(iter(self._facts.values()))
        return oldest + max_age - self._monotonic()

    def _on_timer(self) -> None:
        self._has_timer = False
        self._trim()

    def _evict(self) -> None:
        _, (_, facts) = self._facts.popitem(last=False)
        finished_time = facts.finished_time or facts.submitted_time
        self._echoes.append((facts.id, facts.status, finished_time))
