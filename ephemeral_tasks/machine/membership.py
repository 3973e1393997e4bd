"""Whether this process hosts the machine's pool or is a client of its host."""

from __future__ import annotations

import asyncio
import contextvars
import os
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from copy import copy
from enum import Enum
from threading import Lock, Thread
from typing import Any, Final, Literal

from ..errors import Unreachable
from . import connecting, folder, handshake, site
from .drops import log_drop
from .link import Link
from .listener import Listener
from .lock import HostLock
from .peer import Dispatch, Peer
from .wire import BrokenWire

_NAME = "ephemeral-tasks-join"
_PAUSES = (0.005, 0.01, 0.02, 0.05)
"""Seconds between two tries; the last one again and again."""


class _Nobody(Enum):
    NOBODY = "nobody hosts"


class _Unknown(Enum):
    UNKNOWN = "not looked for"


NOBODY: Final = _Nobody.NOBODY
"""No process hosts, and none was made to."""
_UNKNOWN: Final = _Unknown.UNKNOWN

Place = Link | None | Literal[_Nobody.NOBODY]
"""The link to the host; None in the host's own process."""
_Outcome = Place | Exception
"""Of a look for the host."""


class Membership:
    """This process's part in the machine's pool; starts nothing before ``where``.

    One of each process: its lock is the process's.
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
        self._dispatch = dispatch
        self._on_host = on_host
        self._on_notice = on_notice
        self._on_lost = on_lost
        self._on_late = on_late
        self._on_client_closed = on_client_closed
        self._may_host = may_host
        self._start_anew()
        _all.add(self)

    def _start_anew(self) -> None:
        self._pid = os.getpid()
        self._lock = Lock()
        """Guards the lines below; never held while a callback runs or a call waits."""
        self._place: Link | Literal[_Unknown.UNKNOWN] | None = _UNKNOWN
        """Read without the lock: one reference, replaced whole."""
        self._look: Future[_Outcome] | None = None
        """The look for a host that is under way; all callers share its outcome."""
        self._host_lock: HostLock | None = None
        self._listener: Listener | None = None
        self._links: set[Link] = set()
        """All that are open, those to draining hosts among them."""
        self._is_retired = False

    @property
    def listener(self) -> Listener | None:
        """The host's end while this process hosts or drains as a host."""
        return self._listener

    def where(self, create: bool = True, timeout: float = 2.0) -> Place:
        """Return the link to the host, or None if this process is it.

        Blocks for at most ``timeout`` seconds while there is none; a process that may
        host is elected then, unless ``create`` is False, which returns NOBODY.

        Raises:
            Unreachable: The host does not answer, or nobody can host.
            ImproperlyConfigured: The folder is not safe.
        """
        known = self._known()
        if known is not _UNKNOWN:
            return known
        until = time.monotonic() + timeout
        while True:
            look = self._join(create, until)
            try:
                outcome = look.result(max(until - time.monotonic(), 0))
            except TimeoutError:
                raise Unreachable from None
            place = _place_of(outcome)
            if place is not NOBODY or not create:
                return place

    async def awhere(self, create: bool = True, timeout: float = 2.0) -> Place:
        """Return as ``where``; never blocks the running loop."""
        known = self._known()
        if known is not _UNKNOWN:
            return known
        until = time.monotonic() + timeout
        while True:
            look = asyncio.wrap_future(self._join(create, until))
            try:
                async with asyncio.timeout(max(until - time.monotonic(), 0)):
                    outcome = await asyncio.shield(look)  # others wait for it, too
            except TimeoutError:
                raise Unreachable from None
            place = _place_of(outcome)
            if place is not NOBODY or not create:
                return place

    def retire(self) -> None:
        """Host no more and never again; existing clients are answered until ``close``.

        The next ``where`` of this process is a client's.
        """
        self._known()
        with self._lock:
            self._is_retired = True
            listener, lock = self._listener, self._host_lock
            if self._place is None:
                self._place = _UNKNOWN
        if listener is not None and lock is not None:
            # In this order: the socket's file is removed while the lock is held.
            listener.retire()
            lock.release()

    def close(self) -> None:
        """End everything of this process; nothing of it hosts or calls any more."""
        self.retire()
        with self._lock:
            listener, self._listener = self._listener, None
            links = tuple(self._links)
        for link in links:
            link.close()
        if listener is not None:
            listener.close()

    def _known(self) -> Link | Literal[_Unknown.UNKNOWN] | None:
        if self._pid != os.getpid():  # uWSGI forks without Python's hooks
            self._forget_parent()
        return self._place

    def _forget_parent(self) -> None:
        """In a forked child: its threads and its lock are the parent's alone."""
        listener, links, lock = self._listener, self._links, self._host_lock
        self._start_anew()
        for link in links:
            link.abandon()
        if listener is not None:
            listener.abandon()
        if lock is not None:
            lock.release()  # the child's descriptor; the lock stays with the parent

    def _join(self, create: bool, until: float) -> Future[_Outcome]:
        """Return the look for a host that is under way, or start it."""
        with self._lock:
            if self._look is not None:
                return self._look
            look = self._look = Future()
        run = contextvars.Context().run
        args = (self._look_for, look, create, until)
        try:
            Thread(target=run, args=args, name=_NAME, daemon=True).start()
        except RuntimeError:  # the interpreter ends: no thread can be started
            self._look_for(look, create, until)
        return look

    def _look_for(self, look: Future[_Outcome], create: bool, until: float) -> None:
        try:
            outcome: _Outcome = self._find(create, until)
        except Exception as error:  # raised where the callers wait
            outcome = error.with_traceback(None)
        with self._lock:
            self._look = None  # before its outcome: who then finds it lost looks anew
        look.set_result(outcome)

    def _find(self, create: bool, until: float) -> Place:
        """Try in turn to host and to connect, until one succeeds."""
        places = folder.find_places()
        tries = 0
        while True:
            if create and self._host(places):
                return None
            try:
                return self._connect(places, until)
            except connecting.NoHost:
                if not create:
                    return NOBODY
            except connecting.Silent:
                pass
            except BrokenWire as error:
                log_drop(error)
                raise Unreachable from None
            pause = _PAUSES[min(tries, len(_PAUSES) - 1)]
            tries += 1
            if time.monotonic() + pause >= until:
                raise Unreachable
            time.sleep(pause)

    def _host(self, places: folder.Places) -> bool:
        """Host if the lock is free; return whether this process hosts."""
        with self._lock:
            if self._is_retired or not self._may_host:
                return False
            if self._host_lock is None:
                self._host_lock = HostLock(places.lock)
            lock = self._host_lock
            if not lock.try_acquire():
                return False
        try:
            listener = Listener(
                places.socket,
                site.key(),
                self._dispatch,
                on_closed=self._on_client_closed,
            )
        except OSError as error:
            lock.release()
            raise Unreachable from error
        return self._begin(listener, lock)

    def _begin(self, listener: Listener, lock: HostLock) -> bool:
        try:
            self._on_host(listener)
        except BaseException:
            listener.close()
            lock.release()
            raise
        with self._lock:
            self._listener = listener
            is_retired = self._is_retired
            self._place = _UNKNOWN if is_retired else None
        listener.start()
        if is_retired:  # meanwhile
            listener.retire()
            lock.release()
        return not is_retired

    def _connect(self, places: folder.Places, until: float) -> Link:
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
            if not link.is_closed and not link.is_draining:
                self._place = link
        return link

    def _leave(self, link: Link) -> None:
        """The host of the link drains, or has gone: look for another from now on."""
        with self._lock:
            was_here = self._place is link
            if was_here:
                self._place = _UNKNOWN
        if was_here and self._on_lost is not None:
            self._on_lost(link)

    def _end_link(self, link: Link) -> None:
        with self._lock:
            self._links.discard(link)
        self._leave(link)


def _place_of(outcome: _Outcome) -> Place:
    """Return a look's outcome, or raise it: a copy, for each caller's own traceback."""
    if isinstance(outcome, Exception):
        raise copy(outcome)
    return outcome


_all: weakref.WeakSet[Membership] = weakref.WeakSet()


def _forget_parents() -> None:
    for one in tuple(_all):
        one._forget_parent()


os.register_at_fork(after_in_child=_forget_parents)
