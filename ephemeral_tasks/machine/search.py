"""The search for the host: connects to it, or elects this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from threading import Lock

from ..errors import Unreachable
from . import connecting
from .drops import log_drop
from .folder import Places, find_places
from .link import Link
from .look import Look, pause, unwrap
from .place import NOBODY, Place, is_enough
from .wire import BrokenWire

_LOOK_SECONDS = 2.0
_STALL_SECONDS = 0.5
"""A host that does not answer for so long does not turn; a busy one does."""
_STALLED_SECONDS = 0.05
"""How long a thread waits for a host that was found stalled."""


class Search:
    """Finds the host for any number of callers, in one look at a time."""

    def __init__(
        self,
        connect: Callable[[Places, float], Link],
        elect: Callable[[Places], bool],
    ) -> None:
        """Set the ways: to the host until an instant, and to be the host."""
        self._connect = connect
        self._elect = elect
        self._lock = Lock()
        """Guards the next line; not held while a look runs."""
        self._look: Look[Place] | None = None
        """The look that is under way."""
        self._is_stalled = False
        """Whether the host that there is did not answer; written by the looks, which
        come one after the other."""

    def find(self, create: bool, timeout: float) -> Place:
        """Return where the host is; blocks for at most ``timeout`` seconds.

        After a look that found it stalled, for 0.05 s: a page with several tags does
        not wait for each. The next look goes on meanwhile.

        Raises:
            Unreachable: The host does not answer, or nobody can host.
            ImproperlyConfigured: The folder is not safe.
        """
        now = time.monotonic()
        until = now + timeout
        patience = min(until, now + _STALLED_SECONDS) if self._is_stalled else until
        while True:
            look = self._share_look(create, until)
            outcome = look.wait(patience)
            if is_enough(outcome, look, create, until):
                return unwrap(outcome)

    async def afind(self, create: bool, timeout: float) -> Place:
        """Return as ``find``, with all of the time; never blocks the running loop."""
        until = time.monotonic() + timeout
        while True:
            look = self._share_look(create, until)
            outcome = await look.await_(until)
            if is_enough(outcome, look, create, until):
                return unwrap(outcome)

    def _share_look(self, create: bool, until: float) -> Look[Place]:
        """Return the look for a host that is under way, or start it."""
        with self._lock:
            if self._look is not None:
                return self._look
            if self._is_stalled:  # its caller does not wait: the look has more time
                until = max(until, time.monotonic() + _LOOK_SECONDS)
            seek = partial(self._seek, create, until)
            look = self._look = Look(seek, until, self._end_look)
        look.start()
        return look

    def _end_look(self) -> None:
        """Before its outcome is known: a caller that finds the host lost looks anew."""
        with self._lock:
            self._look = None

    def _seek(self, create: bool, until: float) -> Place:
        """Try in turn to connect and to host, until one succeeds.

        To connect first: with the lock's file removed, as a cleaner of temporary
        folders may do, there is still one host.
        """
        places = find_places()
        began = time.monotonic()
        tries = 0
        while True:
            try:
                link = self._connect(places, until)
            except connecting.Silent:  # stopped, or ending just now
                self._is_stalled |= time.monotonic() - began >= _STALL_SECONDS
            except connecting.NoHost:
                self._is_stalled = False
                if not create:
                    return NOBODY
            except BrokenWire as error:
                log_drop(error)
                raise Unreachable from None
            else:
                self._is_stalled = False
                return link
            if create and self._elect(places):
                return None
            if not pause(tries, until):
                raise Unreachable
            tries += 1
