"""Each owner's newest handles, in the cache.

A window is read, changed and written under ``lock``; whoever looks at a window and at
the pool together holds it, too. The lock comes before the pool's own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from django.core.cache import BaseCache, caches
from django.core.cache.backends import locmem

from .conf import get_config
from .core.clock import Clock, LoopClock

lock = threading.RLock()

clock: Clock = LoopClock()
"""Tells how old handles are; the pool's own clock. Replaced by tests alone."""

_PREFIX = "ephemeral_tasks.window."
_STORE = "ephemeral-tasks-"

_Record = tuple[float, tuple[tuple[Any, ...], ...]]
"""When the window was used last, and its handles; plain tuples pickle small."""


class Handle(NamedTuple):
    """What the cache keeps of an operation: names, never content.

    A named tuple, because each submission reads and writes five of them.
    """

    id: str
    """The operation's id."""

    task: str
    """The task's name."""

    label: str
    """What a row calls it."""

    submitted_time: float
    """When it was submitted, in seconds since the epoch."""

    shown: Mapping[str, Any]
    """The arguments that the task names as harmless."""

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

    used_time: float
    """When it was last used, in seconds since the epoch."""


def read(owner: str, *, touch: bool) -> Window:
    """Return the owner's window, without what is too old.

    Args:
        owner: Opaque key, 1 to 64 ASCII letters or digits.
        touch: Whether this is a use, from which its idleness counts anew.
    """
    with lock:
        window = _load(owner)
        if touch and window.handles:
            window = Window(handles=window.handles, used_time=clock.time())
            _save(owner, window)
        return window


@contextmanager
def changing(owner: str) -> Iterator[list[Handle]]:
    """Give the owner's handles, newest first, to be changed in place.

    They are written when the block ends well and are as before when it raises.
    """
    with lock:
        handles = _load(owner).handles
        yield handles
        _save(owner, Window(handles=handles, used_time=clock.time()))


def keep(owner: str, ids: Iterable[str]) -> None:
    """Drop the owner's handles of other operations than these; this is no use."""
    with lock:
        window = _load(owner)
        named = set(ids)
        kept = [handle for handle in window.handles if handle.id in named]
        if len(kept) < len(window.handles):
            _save(owner, Window(handles=kept, used_time=window.used_time))


def drop(owner: str) -> None:
    """Forget the owner's window."""
    with lock:
        _cache().delete(_key(owner))


def expires_at(handle: Handle, used_time: float) -> datetime:
    """Return when the handle ends if nobody uses its window again, UTC."""
    config = get_config()
    by_age = handle.submitted_time + config.max_age_seconds
    return datetime.fromtimestamp(min(by_age, used_time + config.idle_seconds), UTC)


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


def _load(owner: str) -> Window:
    record: _Record | None = _cache().get(_key(owner))
    if record is None:
        return Window(handles=[], used_time=clock.time())
    used, rows = record
    config, now = get_config(), clock.time()
    oldest = now - config.max_age_seconds
    is_idle = now - used >= config.idle_seconds
    young = [] if is_idle else [_handle(row) for row in rows if row[3] > oldest]
    window = Window(handles=young, used_time=used)
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
    _cache().set(_key(owner), (window.used_time, rows), timeout=longest)


def _key(owner: str) -> str:
    return _PREFIX + owner


def _cache() -> BaseCache:
    # The synchronous calls of a local-memory cache take microseconds; its `aget` hops
    # to a thread and costs 18 to 64 times as much.
    alias = get_config().cache_alias
    return _private_store() if alias is None else caches[alias]


class _Store(locmem.LocMemCache):
    """A local-memory cache whose keys are owners', checked before they come here."""

    def make_and_validate_key(self, key: str, version: int | None = None) -> str:
        """Return the key as it is; Django would look at each of its letters."""
        return key


_private: _Store | None = None
"""Our own store, made at first use; changed under ``lock``."""


def _private_store() -> _Store:
    global _private
    if _private is None:
        # Twice the owners that are let in, so that Django's cull, which throws out a
        # third of the living, is never reached.
        entries = 2 * get_config().max_owners
        _private = _Store(
            f"{_STORE}{os.getpid()}", {"OPTIONS": {"MAX_ENTRIES": entries}}
        )
    return _private


def forget_all() -> None:
    """Forget every window, as in a child after a fork or between tests."""
    global lock, _private
    lock = threading.RLock()
    if _private is not None:
        # not clear(): after a fork its lock may be held for ever
        stores = [vars(locmem)[name] for name in ("_caches", "_expire_info", "_locks")]
        for name in [name for name in stores[0] if name.startswith(_STORE)]:
            for store in stores:
                store.pop(name, None)
    _private = None
