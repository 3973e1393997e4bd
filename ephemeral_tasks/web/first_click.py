"""The keys of visitors whose first answer is still on its way."""

from __future__ import annotations

import time
from collections import OrderedDict
from threading import Lock

from django.utils.crypto import get_random_string

_SECONDS = 10.0
_SIZE = 1000


class FirstClicks:
    """Gives the clicks of one form one owner, before a session can name it.

    A double click brings two first submissions, and neither has a session that the
    other could know. Both bring the one-time key of the same form and the CSRF cookie
    of the same browser: within ten seconds these get the same owner. Each alone would
    not do: a key may leak, and a sibling of the domain can plant a cookie.
    """

    def __init__(self) -> None:
        self._lock = Lock()  # protects the next line
        self._given: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()

    def owner_for(self, form_key: str | None, cookie: str | None) -> str:
        """Return the owner that this form got just now, or a new one."""
        owner = get_random_string(32)
        if not form_key or not cookie:
            return owner
        now = time.monotonic()
        with self._lock:
            self._forget_before(now - _SECONDS)
            return self._given.setdefault((form_key, cookie), (now, owner))[1]

    def forget(self, owner: str) -> None:
        """Give this owner to nobody any more."""
        with self._lock:
            for click, (_, given) in list(self._given.items()):
                if given == owner:
                    del self._given[click]

    def _forget_before(self, instant: float) -> None:
        while self._given:
            given_at = next(iter(self._given.values()))[0]
            if given_at >= instant and len(self._given) < _SIZE:
                break
            self._given.popitem(last=False)


first_clicks = FirstClicks()
