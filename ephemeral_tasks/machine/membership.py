"""Whether this process hosts the machine's pool or is a client of its host."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any

from ..errors import Unreachable
from . import connecting, handshake, site
from .drops import log_drop
from .folder import Places, find_places
from .hosting import Hosting
from .link import Link
from .listener import Listener
from .look import Look, pause, unwrap
from .peer import Dispatch, Peer
from .place import NOBODY, UNKNOWN, Known, Place, is_enough
from .wire import BrokenWire

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
        on_lost: Callable[[Link], object] | None = None,
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
                link's thread; the next ``where`` looks for another host.
            on_late: Called with verb and value of an answer that came too late.
            on_client_closed: Called when a client has gone, on the listener's thread.
            may_host: Whether this process may be elected.
        """
        self._on_notice = on_notice
        self._on_lost = on_lost
        self._on_late = on_late

        def listen(places: Places, key: bytes) -> Listener:
            return Listener(places.socket, key, dispatch, on_closed=on_client_closed)

        self._make_hosting = partial(Hosting, listen, on_host, may_host=may_host)
        self._start_anew()
        _all.add(self)

    def _start_anew(self) -> None:
        self._pid = os.getpid()
        self._hosting = self._make_hosting()
        self._lock = Lock()
        """Guards the lines below; never held while a callback runs or a call waits."""
        self._place: Known = UNKNOWN
        """Read without the lock: one reference, replaced whole."""
        self._look: Look[Place] | None = None
        """The look for a host that is under way."""
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
        until = time.monotonic() + timeout
        while True:
            look = self._share_look(create, until)
            outcome = look.wait(until)
            if is_enough(outcome, look, create, until):
                return unwrap(outcome)

    async def awhere(self, create: bool = True, timeout: float = 2.0) -> Place:
        """Return as ``where``; never blocks the running loop."""
        known = self._known()
        if known is not UNKNOWN:
            return known
        until = time.monotonic() + timeout
        while True:
            look = self._share_look(create, until)
            outcome = await look.await_(until)
            if is_enough(outcome, look, create, until):
                return unwrap(outcome)

    def try_host(self) -> bool:
        """Host unless another process does; return whether this process hosts."""
        is_host = self._hosting.try_host(find_places())
        self._settle()
        return is_host

    def wait_and_host(self) -> None:
        """Wait until no other process hosts, and host.

        What a signal's handler raises ends the wait.
        """
        self._hosting.wait_and_host(find_places())
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

    def _share_look(self, create: bool, until: float) -> Look[Place]:
        """Return the look for a host that is under way, or start it."""
        with self._lock:
            if self._look is not None:
                return self._look
            find = partial(self._find, create, until)
            look = self._look = Look(find, until, self._end_look)
        look.start()
        return look

    def _end_look(self) -> None:
        """Before its outcome is known: who then finds the host lost looks anew."""
        with self._lock:
            self._look = None

    def _find(self, create: bool, until: float) -> Place:
        """Try in turn to connect and to host, until one succeeds.

        To connect first: whoever has removed the lock's file, as a cleaner of temporary
        folders may, has not made a second host.
        """
        places = find_places()
        tries = 0
        while True:
            try:
                return self._connect(places, until)
            except connecting.NoHost:
                if not create:
                    return NOBODY
            except connecting.Silent:  # stopped, or ending just now
                pass
            except BrokenWire as error:
                log_drop(error)
                raise Unreachable from None
            if create and self.try_host():
                return None
            pause(tries, until)
            tries += 1

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


_all: weakref.WeakSet[Membership] = weakref.WeakSet()


def _forget_parents() -> None:
    for one in tuple(_all):
        one._forget_parent()


os.register_at_fork(after_in_child=_forget_parents)
