"""The keys of visitors whose first answer is still on its way."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from django.utils.crypto import get_random_string

from ..core.clock import Clock, TimerHandle
from ..machine.table import Kind
from ..machine.verbs import verb

SECONDS = 10.0
SIZE = 1000


class ThreadClock:
    """The system's time, and timers that need no loop.

    Under WSGI a request's loop ends with the request, before its timers are due.
    """

    def time(self) -> float:
        """Return seconds that no change of the wall clock moves."""
        return time.monotonic()

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any
    ) -> TimerHandle:
        """Call ``callback(*args)`` in a thread after ``delay`` seconds."""
        timer = threading.Timer(delay, callback, args)
        timer.daemon = True  # never delays the interpreter's exit
        timer.start()
        return timer


class FirstClicks:
    """Gives the clicks of one form one owner, before a session can name it.

    A double click brings two first submissions, and neither has a session that the
    other could know. Both bring the one-time key of the same form and the CSRF cookie
    of the same browser: within ten seconds these get the same owner. Each alone would
    not do: a key may leak, and a sibling of the domain can plant a cookie.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or ThreadClock()
        self.forget_all()

    def forget_all(self) -> None:
        """Start anew, also in a fork, where timers are gone and locks may be held."""
        self._lock = threading.Lock()
        """Clicks come on many threads; protects the next two fields."""
        self._given: OrderedDict[bytes, tuple[float, str]] = OrderedDict()
        self._is_timed = False

    def __len__(self) -> int:
        """Return how many clicks are remembered."""
        return len(self._given)

    def owner_of(self, click: bytes) -> str:
        """Return the owner that this click got just now, or a new one."""
        owner = make_owner()
        with self._lock:
            self._forget_old()
            _, owner = self._given.setdefault(click, (self._clock.time(), owner))
            if len(self._given) > SIZE:
                self._given.popitem(last=False)
            self._start_timer()
        return owner

    def forget(self, owner: str) -> None:
        """Give this owner to no later click."""
        with self._lock:
            for click, (_, given) in list(self._given.items()):
                if given == owner:
                    del self._given[click]

    def _start_timer(self) -> None:
        """Start the one timer that runs while anything is remembered."""
        if self._given and not self._is_timed:
            self._clock.call_later(SECONDS, self._on_timer)
            self._is_timed = True  # only then: a thread may not have started

    def _on_timer(self) -> None:
        with self._lock:
            self._is_timed = False
            self._forget_old()
            self._start_timer()

    def _forget_old(self) -> None:
        instant = self._clock.time() - SECONDS
        while self._given and next(iter(self._given.values()))[0] <= instant:
            self._given.popitem(last=False)


def _digest(form_key: str, cookie: str) -> bytes:
    """Return 16 bytes in place of two texts of any length that a visitor sent."""
    text = f"{len(form_key)}:{form_key}{cookie}"
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def make_owner() -> str:
    """Return a new owner key."""
    return get_random_string(32)


first_clicks = FirstClicks()
"""Of this process, where the pool is."""
os.register_at_fork(after_in_child=first_clicks.forget_all)


async def aowner_for(form_key: str | None, cookie: str | None) -> str:
    """Return the owner that this form got just now in any process, or a new one."""
    if not form_key or not cookie:
        return make_owner()
    return await _owner_of.acall(_digest(form_key, cookie))


@verb(Kind.ADD)
def _owner_of(click: bytes) -> str:
    return first_clicks.owner_of(click)


@verb(Kind.CHANGE)
def forget(owner: str) -> None:
    """Give this owner to no later click."""
    first_clicks.forget(owner)
