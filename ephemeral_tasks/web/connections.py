"""What an owner keeps open in all processes: sockets, and requests that wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Lock
from uuid import uuid4

from ..conf import get_config
from ..forking import call_in_child
from ..machine import conversation, process
from ..machine.host import caller
from ..machine.table import Kind
from ..machine.verbs import verb
from ..pool import presence

_lock = Lock()
"""Calls come on many threads; protects what is open, of clients too. Replaced in
a forked child."""

Open = dict[str, set[str]]
"""The names of what is open, by owner."""

_open: Open = {}
"""Of this process, where it hosts; emptied in a forked child."""


class Place:
    """One open socket or waiting request, counted where the pool is."""

    def __init__(self, owner: str, host: conversation.Conversation) -> None:
        self._owner = owner
        self._name = uuid4().hex
        self._host = host

    async def take(self) -> bool:
        """Count it from now on; return False where there are too many already."""
        try:
            return await _take.acall(self._owner, self._name)
        except BaseException:  # cancelled, or without an answer: it may be counted
            if self._host.is_decided:
                self.release()
            raise

    def release(self) -> None:
        """Count it no more, if it was counted."""
        if not self._host.is_over:  # what the host counted has gone with it
            with conversation.hold(self._host):
                _release.post(self._owner, self._name)


async def take(owner: str) -> Place | None:
    """Return a place, None where the owner has ``MAX_SOCKETS_PER_OWNER`` already."""
    with conversation.hold() as host:
        place = Place(owner, host)
        return place if await place.take() else None


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
def _take(owner: str, name: str) -> bool:
    with _lock:  # or two of them would both take the last place
        count = len(_open.get(owner, ())) + _count_clients(owner)
        if count >= get_config().max_sockets_per_owner:
            return False
        _open_there().setdefault(owner, set()).add(name)
        return True


@verb(Kind.CHANGE)
def _release(owner: str, name: str) -> None:
    with _lock:  # or one that is taken meanwhile would not be counted
        there = _open_there()
        names = there.get(owner, set())
        names.discard(name)
        if not names:
            there.pop(owner, None)


def _open_there() -> Open:
    """Return what the process that asks has open; it goes with its connection."""
    client = caller()
    return _open if client is None else client.state.setdefault("open", {})


def _count_clients(owner: str) -> int:
    """Return how many other processes of the machine keep open for the owner."""
    found = [client.state.get("open") for client in process.peers()]
    return sum(len(names.get(owner, ())) for names in found if names)


def _count_all_clients() -> int:
    """Return how much other processes of the machine keep open for all owners."""
    found = [client.state.get("open") for client in process.peers()]
    # Copies, in one step of the interpreter's: the listener's thread changes them.
    return sum(len(names) for each in found if each for names in tuple(each.values()))


presence.count_with(_count_clients)
presence.count_all_with(_count_all_clients)


def _start_anew_in_child() -> None:
    """Forget what the parent has open; a thread that is not here may hold its lock."""
    global _lock
    _lock = Lock()
    _open.clear()


call_in_child(_start_anew_in_child)
