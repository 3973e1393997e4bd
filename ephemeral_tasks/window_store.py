"""The private local-memory cache that holds the windows by default.

Its functions are called under ``windows.lock``, which protects the one store.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from django.core.cache.backends import locmem

from .conf import get_config

_NAME = "ephemeral-tasks-"


class WindowStore(locmem.LocMemCache):
    """A local-memory cache whose keys are owners', checked before they come here.

    Its entries expire by the monotonic clock: an adjustment of the system's time would
    else end every window at once.
    """

    def __init__(self, name: str, *, entries: int, now: Callable[[], float]) -> None:
        super().__init__(name, {"OPTIONS": {"MAX_ENTRIES": entries}})
        self._now = now

    def make_and_validate_key(self, key: str, version: int | None = None) -> str:
        """Return the key as it is; Django would look at each of its letters."""
        return key

    def get_backend_timeout(self, timeout: Any = None) -> float | None:
        """Return the monotonic instant at which an entry expires."""
        return None if timeout is None else self._now() + timeout

    def _has_expired(self, key: str) -> bool:
        expires: float | None = self._expire_info.get(key, -1.0)  # type: ignore[attr-defined]
        return expires is not None and expires <= self._now()


_store: WindowStore | None = None
"""Made at first use."""


def get(now: Callable[[], float]) -> WindowStore:
    """Return the store.

    Args:
        now: The monotonic time of a store that is made by this call.
    """
    global _store
    if _store is None:
        # Twice the owners that are let in, so that Django's cull, which throws out a
        # third of the living entries, is never reached.
        entries = 2 * get_config().max_owners
        _store = WindowStore(f"{_NAME}{os.getpid()}", entries=entries, now=now)
    return _store


def forget() -> None:
    """Drop the store and all that it holds."""
    global _store
    if _store is not None:
        # Not clear(): after a fork its lock may be held for ever.
        tables = [vars(locmem)[name] for name in ("_caches", "_expire_info", "_locks")]
        for name in [name for name in tables[0] if name.startswith(_NAME)]:
            for table in tables:
                table.pop(name, None)
    _store = None
