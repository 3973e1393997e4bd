"""What an owner keeps open in all processes: sockets, and requests that wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Lock

from ..conf import get_config
from ..machine import conversation, process
from ..machine.host import caller
from ..machine.table import Kind
from ..machine.verbs import verb
from ..pool import presence

_lock = Lock()
"""Calls come on many threads; protects the counters, of clients too."""
_open: Counter[str] = Counter()
"""Of this process, where it hosts."""


class Place:
    """One open socket or waiting request, counted where the pool is."""

    def __init__(self, owner: str, host: conversation.Conversation) -> None:
        self._owner = owner
        self._host = host

    def release(self) -> None:
        """Count it no more; to be called once."""
        if not self._host.is_over:  # what the host counted has gone with it
            with conversation.hold(self._host):
                _release.post(self._owner)


async def take(owner: str) -> Place | None:
    """Return a place, None where the owner has ``MAX_SOCKETS_PER_OWNER`` already."""
    with conversation.hold() as host:
        return Place(owner, host) if await _take.acall(owner) else None


@asynccontextmanager
async def hold_waiting(owner: str) -> AsyncIterator[bool]:
    """Count a request that waits within the block.

    Yields:
        False, and nothing is counted, where the owner has too much open already.
    """
    place = await take(owner)
    try:
        yield place is not None
    finally:
        if place is not None:
            place.release()


@verb(Kind.CHANGE)
def _take(owner: str) -> bool:
    with _lock:  # or two of them would both take the last place
        count = _open[owner] + _count_clients(owner)
        if count >= get_config().max_sockets_per_owner:
            return False
        _counter()[owner] += 1
        return True


@verb(Kind.CHANGE)
def _release(owner: str) -> None:
    with _lock:  # or one that is taken meanwhile would not be counted
        counter = _counter()
        counter[owner] -= 1
        _drop_if_none(counter, owner)


def _drop_if_none(counter: Counter[str], owner: str) -> None:
    if counter[owner] <= 0:
        del counter[owner]


def _counter() -> Counter[str]:
    """Return the counter of the process that asks; it goes with its connection."""
    client = caller()
    return _open if client is None else client.state.setdefault("open", Counter())


def _count_clients(owner: str) -> int:
    """Return how many other processes of the machine keep open for the owner."""
    counters = [client.state.get("open") for client in process.peers()]
    return sum(counter[owner] for counter in counters if counter)


def _count_all_clients() -> int:
    """Return how much other processes of the machine keep open for all owners."""
    counters = [client.state.get("open") for client in process.peers()]
    return sum(counter.total() for counter in counters if counter)


presence.count_with(_count_clients)
presence.count_all_with(_count_all_clients)
