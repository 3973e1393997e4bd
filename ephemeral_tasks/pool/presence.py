"""Cancelling what an owner has left, where the task asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .. import signals, windows
from ..core.clock import Clock
from .change import Change
from .ledger import Ledger

LEAVE_SECONDS = 30.0
"""How long an owner may be away; longer than a page takes to be left and come back."""

Count = Callable[[str], int]

# Replaced as a whole, never changed in place, since the pool's loop reads it.
_counts: tuple[Count, ...] = ()


def count_with(count: Count) -> None:
    """Ask ``count(owner)`` from now on, too: how many sockets watch an owner."""
    global _counts
    _counts = (*_counts, count)


_totals: tuple[Callable[[], int], ...] = ()
"""Replaced as a whole, too."""


def count_all_with(count: Callable[[], int]) -> None:
    """Ask ``count()`` from now on, too: how many sockets are open."""
    global _totals
    _totals = (*_totals, count)


def count_sockets() -> int:
    """Return how many sockets of this process are open; from any thread."""
    return sum(count() for count in _totals)


def is_watched(owner: str) -> bool:
    """Return whether a socket of this process watches the owner; from any thread."""
    return any(count(owner) for count in _counts)


@dataclass(frozen=True, slots=True)
class Presence:
    """Looks after operations with ``on_leave="cancel"``; on the loop.

    An owner is there while a socket watches, and is seen at each use of the window: a
    submission, a poll, the end of the last socket.
    """

    ledger: Ledger
    clock: Clock
    follow: Callable[[Change], object]
    """Does what follows from a change of the ledger."""

    def watch(self, id: str) -> None:
        """Cancel this operation once its owner has been away for ``LEAVE_SECONDS``."""
        # By its id: a timer outlives the operation and must keep no content alive.
        self.clock.call_later(LEAVE_SECONDS, self._look, id)

    def _look(self, id: str) -> None:
        operation = self.ledger.find(id)
        if operation is None or operation.owner is None or operation.is_cancelling:
            return
        owner = operation.owner
        left = LEAVE_SECONDS if is_watched(owner) else _seconds_left(owner)
        if left > 0:
            self.clock.call_later(left, self._look, id)
            return
        _, change = self.ledger.cancel(operation)
        self.follow(change)
        signals.send_changed(owner)


def _seconds_left(owner: str) -> float:
    """Return after how many seconds an owner without a socket counts as gone."""
    try:
        seen = windows.read(owner, touch=False).used_monotonic
    except Exception:  # the cache's, which says nothing about the owner: asked again
        return LEAVE_SECONDS
    return seen + LEAVE_SECONDS - windows.now()
