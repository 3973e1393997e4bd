"""Whether this process hosts the machine's pool or is a client of its host."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any

from ..forking import call_in_child
from . import connecting, handshake, site
from .folder import Places, find_places
from .hosting import Hosting
from .link import Link
from .listener import Listener
from .peer import Dispatch, Peer
from .place import NOBODY, UNKNOWN, Known, Place
from .search import Search

__all__ = ["NOBODY", "Membership", "Place"]


class Membership:
    """This process's part in the machine's pool; starts nothing before ``where``.

    A process has one: the lock of the host is the process's.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        *,
        on_host: Callable[[Listener], object],
        on_notice: Callable[[str, Any], object] | None = None,
        on_lost: Callable[[Link | None], object] | None = None,
        on_late: Callable[[str, Any], object] | None = None,
        on_client_closed: Callable[[Peer], object] | None = None,
        may_host: bool = True,
    ) -> None:
        """Set the callbacks.

        Args:
            dispatch: Runs a client's call, on the listener's thread.
            on_host: Called when this process was elected, before the first call of a
                client is answered; what it raises ends the election.
            on_notice: Called with kind and payload of the host's notices.
            on_lost: Called when the host drains or has gone, once for a link, on the
                link's thread; the next ``where`` looks for another host. With None, on
                the listener's thread, when another process hosts in this one's place.
            on_late: Called with verb and value of an answer that came too late.
            on_client_closed: Called when a client has gone, on the listener's thread.
            may_host: Whether this process may be elected.
        """
        self._on_notice = on_notice
        self._on_lost = on_lost
        self._on_late = on_late

        def listen(places: Places, key: bytes) -> Listener:
            return Listener(places.socket, key, dispatch, on_closed=on_client_closed)

        self._make_hosting = partial(
            Hosting, listen, on_host, self._give_way, may_host=may_host
        )
        self._start_anew()
        _all.add(self)

    def _start_anew(self) -> None:
        self._pid = os.getpid()
        self._hosting = self._make_hosting()
        self._search = Search(self._connect, self._elect)
        self._lock = Lock()
        """Guards the lines below; never held while a callback runs or a call waits."""
        self._place: Known = UNKNOWN
        """Read without the lock: one reference, replaced whole."""
        self._links: set[Link] = set()
        """All that are open, those to draining hosts among them."""
        self._serving: set[Link] = set()
        """Those whose loss was not announced: one, but for an instant."""

    @property
    def listener(self) -> Listener | None:
        """The host's end while this process hosts, or drains as a host."""
        self._known()  # in a forked child the parent hosts
        return self._hosting.listener

    @property
    def has_retired(self) -> bool:
        """Whether this process will never host again."""
        return self._hosting.has_retired

    def where(self, create: bool = True, timeout: float = 2.0) -> Place:
        """Return the link to the host, or None if this process is it.

        Blocks for at most ``timeout`` seconds while there is none; a process that may
        host is elected then, unless ``create`` is False, which returns NOBODY.

        Raises:
            Unreachable: The host does not answer, or nobody can host.
            ImproperlyConfigured: The folder is not safe.
        """
        known = self._known()
        if known is not UNKNOWN:
            return known
        return self._search.find(create, timeout)

    async def awhere(self, create: bool = True, timeout: float = 2.0) -> Place:
        """Return as ``where``; never blocks the running loop."""
        known = self._known()
        if known is not UNKNOWN:
            return known
        return await self._search.afind(create, timeout)

    def try_host(self) -> bool:
        """Host unless another process does; return whether this process hosts."""
        places = find_places()
        # The lock alone does not say it: its file may have been removed.
        if self._known() is not None and _has_host(places):
            return False
        return self._elect(places)

    def wait_and_host(self) -> None:
        """Wait until no other process hosts, and host.

        What a signal's handler raises ends the wait.
        """
        places = find_places()
        self._hosting.wait_and_host(places, partial(_has_host, places))
        self._settle()

    def retire(self) -> None:
        """Host no more and never again; existing clients are answered until ``close``.

        The next ``where`` of this process is a client's.
        """
        self._known()
        with self._lock:
            if self._place is None:
                self._place = UNKNOWN
        self._hosting.retire()

    def close(self) -> None:
        """End everything of this process; nothing of it hosts or calls any more."""
        self.retire()
        with self._lock:
            links = tuple(self._links)
        for link in links:
            link.close()
        self._hosting.close()

    def _known(self) -> Known:
        if self._pid != os.getpid():  # uWSGI forks without Python's hooks
            self._forget_parent()
        place = self._place
        if place is None or (place is not UNKNOWN and not place.is_closed):
            return place
        # Elected just now: its callbacks may ask.
        return None if self._hosting.is_current else UNKNOWN

    def _forget_parent(self) -> None:
        """In a forked child: its threads and its lock are the parent's alone."""
        hosting, links = self._hosting, self._links
        self._start_anew()
        hosting.abandon()
        for link in links:
            link.abandon()

    def _elect(self, places: Places) -> bool:
        is_host = self._hosting.try_host(places)
        self._settle()
        return is_host

    def _settle(self) -> None:
        with self._lock:  # or a host that retires now would stay in its place
            if self._hosting.is_current:
                self._place = None

    def _connect(self, places: Places, until: float) -> Link:
        seconds = min(max(until - time.monotonic(), 0.001), handshake.SECONDS)
        connection, reader = connecting.connect(places.socket, site.key(), seconds)
        link = Link(
            connection,
            reader,
            on_notice=self._on_notice,
            on_draining=self._leave,
            on_closed=self._end_link,
            on_late=self._on_late,
        )
        with self._lock:
            if not link.is_closed:
                self._links.add(link)
                if not link.is_draining:
                    self._place = link
                    self._serving.add(link)
        return link

    def _give_way(self) -> None:
        """Another process hosts in this one's place: be its client from now on."""
        with self._lock:
            if self._place is None:
                self._place = UNKNOWN
        if self._on_lost is not None:
            self._on_lost(None)

    def _leave(self, link: Link) -> None:
        """The host of the link drains, or has gone: look for another from now on."""
        with self._lock:
            is_first = link in self._serving
            self._serving.discard(link)
            if self._place is link:
                self._place = UNKNOWN
        if is_first and self._on_lost is not None:
            self._on_lost(link)

    def _end_link(self, link: Link) -> None:
        with self._lock:
            self._links.discard(link)
        self._leave(link)


def _has_host(places: Places) -> bool:
    return connecting.has_host(places.socket, site.key())


_all: weakref.WeakSet[Membership] = weakref.WeakSet()


def _forget_parents() -> None:
    for one in tuple(_all):
        one._forget_parent()


call_in_child(_forget_parents)
