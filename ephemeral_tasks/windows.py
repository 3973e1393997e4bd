"""Each owner's newest handles, in the cache.

A window is read, changed and written under ``lock``. Callers that compare a window with
the pool's operations hold it, too. Order of locks: this one, then the ledger's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from django.core.cache import BaseCache, caches

from . import window_store
from .conf import get_config
from .core.clock import LoopClock, monotonic_of

lock = threading.RLock()
"""Makes a read, a change and a write of a window one step: two requests of one browser
would overwrite each other's handles. Reentrant: callers hold it around these."""

now: Callable[[], float] = monotonic_of(LoopClock())
"""The monotonic time of the pool's own clock, by which handles age. Replaced by tests
alone."""

_PREFIX = "ephemeral_tasks.window."
_TOUCH_SHARE = 0.001
"""Two uses within this share of IDLE_SECONDS, a second at most, count as one."""

_Record = tuple[float, tuple[tuple[Any, ...], ...]]
"""When the window was used last, and its handles; plain tuples pickle small."""


class Handle(NamedTuple):
    """What the cache keeps of an operation: names, never content.

    A named tuple, because each submission writes five of them.
    """

    id: str
    """The operation's id."""

    task: str
    """The task's name."""

    label: str
    """What a row calls it."""

    submitted_time: float
    """When it was submitted, in seconds since the epoch; for people."""

    shown: Mapping[str, Any]
    """The arguments that the task names as harmless."""

    submitted_monotonic: float
    """When it was submitted, by the monotonic clock, which ages are measured by."""

    @property
    def submitted_at(self) -> datetime:
        """When it was submitted, UTC."""
        return datetime.fromtimestamp(self.submitted_time, UTC)


# What `Handle._make` does, at a fifth of its cost.
_handle = partial(tuple.__new__, Handle)


class Window(NamedTuple):
    """An owner's handles at one instant."""

    handles: list[Handle]
    """Newest first."""

    used_monotonic: float
    """When it was last used, by the monotonic clock."""


def read(owner: str, *, touch: bool) -> Window:
    """Return the owner's window, without what is too old.

    Args:
        owner: Opaque key, 1 to 64 ASCII letters or digits.
        touch: Whether to restart the window's idle time.
    """
    with lock:
        window = _load(owner)
        if touch and window.handles and _is_worth_a_touch(window):
            window = Window(window.handles, now())
            _save(owner, window)
        return window


def write(owner: str, handles: Iterable[Handle]) -> None:
    """Replace the owner's handles, newest first; this is a use of the window."""
    with lock:
        _save(owner, Window([*handles], now()))


def exists(owner: str) -> bool:
    """Return whether the cache holds a window of the owner; call under ``lock``."""
    return _cache().has_key(_key(owner))


def keep(owner: str, ids: Collection[str]) -> None:
    """Keep only the handles with these ids, without restarting the idle time."""
    with lock:
        window = _load(owner)
        kept = [handle for handle in window.handles if handle.id in ids]
        if len(kept) < len(window.handles):
            _save(owner, Window(kept, window.used_monotonic))


def drop(owner: str) -> None:
    """Forget the owner's window."""
    with lock:
        _cache().delete(_key(owner))


def oldest() -> float:
    """Return when a handle was submitted whose age ends now."""
    return now() - get_config().max_age_seconds


def seconds_left(handle: Handle, used_monotonic: float) -> float:
    """Return after how many seconds the handle ends if its window is not used again."""
    config = get_config()
    by_age = handle.submitted_monotonic + config.max_age_seconds
    return min(by_age, used_monotonic + config.idle_seconds) - now()


def check_owner(owner: object) -> None:
    """Refuse what is no owner key.

    Raises:
        ValueError: The message does not repeat the key, which is a secret.
    """
    if not (
        isinstance(owner, str)
        and 1 <= len(owner) <= 64
        and owner.isascii()
        and owner.isalnum()
    ):
        raise ValueError("owner must be 1 to 64 ASCII letters or digits")


def _is_worth_a_touch(window: Window) -> bool:
    pause = min(1.0, get_config().idle_seconds * _TOUCH_SHARE)
    return now() - window.used_monotonic >= pause


def _load(owner: str) -> Window:
    record: _Record | None = _cache().get(_key(owner))
    if record is None:
        return Window([], now())
    used, rows = record
    is_idle = now() - used >= get_config().idle_seconds
    too_old = oldest()
    young = [] if is_idle else [_handle(row) for row in rows if row[5] > too_old]
    window = Window(young, used)
    if len(young) < len(rows):
        _save(owner, window)
    return window


def _save(owner: str, window: Window) -> None:
    if not window.handles:
        _cache().delete(_key(owner))
        return
    rows = tuple(map(tuple, window.handles))
    config = get_config()
    longest = min(config.max_age_seconds, config.idle_seconds)
    _cache().set(_key(owner), (window.used_monotonic, rows), timeout=longest)


def _key(owner: str) -> str:
    return _PREFIX + owner


def _cache() -> BaseCache:
    # The synchronous calls of a local-memory cache take microseconds; its `aget` hops
    # to a thread and costs 18 to 64 times as much.
    alias = get_config().cache_alias
    return window_store.get(now) if alias is None else caches[alias]


def forget_all() -> None:
    """Forget every window, as in a child after a fork or between tests."""
    global lock
    lock = threading.RLock()  # after a fork a thread that is gone may hold the old one
    window_store.forget()
