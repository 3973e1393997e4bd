"""What a coordinator remembers of its finished operations."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from .clock import Clock
from .errors import UnknownOperation
from .operation import Snapshot
from .status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """What is left of a finished operation that the history let go."""

    id: str
    """The operation's id."""

    status: Status
    """How it ended."""

    finished_at: datetime
    """When it ended, UTC."""


class History:
    """The newest finished operations, by count and age; written on one loop alone.

    Pinned ones stay and do not count. One that leaves lives on as an echo, of which the
    newest ``echoes`` are kept.
    """

    def __init__(
        self, *, size: int, max_age: float | None, echoes: int, clock: Clock
    ) -> None:
        self._size = size
        self._max_age = None if max_age is None else timedelta(seconds=max_age)
        self._clock = clock
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()
        self._pinned: OrderedDict[str, Snapshot] = OrderedDict()
        self._echoes: deque[Echo] = deque(maxlen=echoes)

    @property
    def is_off(self) -> bool:
        """True when nothing is to be remembered, not even an echo."""
        return self._size == 0 and self._echoes.maxlen == 0

    def add(self, snapshot: Snapshot) -> None:
        """Remember a finished operation; the oldest one may leave for it."""
        self._snapshots[snapshot.id] = snapshot
        self._trim()

    def __iter__(self) -> Iterator[Snapshot]:
        """Yield what is remembered, pinned ones first, each group oldest first."""
        self._trim()
        yield from [*self._pinned.values(), *self._snapshots.values()]

    def echoes(self) -> tuple[Echo, ...]:
        """Return what is left of those that were let go, oldest first."""
        self._trim()
        return tuple(self._echoes)

    def pin(self, id: str) -> None:
        """Keep a finished operation until ``unpin``.

        Raises:
            UnknownOperation: It is not remembered (any more, or yet).
        """
        if id in self._pinned:
            return
        if id not in self._snapshots:
            raise UnknownOperation(id)
        self._pinned[id] = self._snapshots.pop(id)

    def unpin(self, id: str) -> None:
        """Let a pinned operation go with its age; an unknown id changes nothing."""
        if id in self._pinned:
            self._snapshots[id] = self._pinned.pop(id)
            self._snapshots = OrderedDict(
                sorted(self._snapshots.items(), key=lambda pair: _end(pair[1]))
            )
            self._trim()

    def _trim(self) -> None:
        while len(self._snapshots) > self._size:
            self._let_go()
        if self._max_age is not None and self._snapshots:
            now = self._clock.time()
            age = self._max_age.total_seconds()
            while self._snapshots:
                oldest = next(iter(self._snapshots.values()))
                if now - _end(oldest).timestamp() < age:
                    break
                self._let_go()

    def _let_go(self) -> None:
        _, snapshot = self._snapshots.popitem(last=False)
        self._echoes.append(
            Echo(id=snapshot.id, status=snapshot.status, finished_at=_end(snapshot))
        )


def _end(snapshot: Snapshot) -> datetime:
    return snapshot.finished_at or snapshot.submitted_at
