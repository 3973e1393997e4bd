"""Values that are loaded once and kept while they are used."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from ..attempts import Body
from ..clock import Clock, LoopClock, monotonic_of
from ..operation import Operation, Value
from ..status import Status
from ..validation import check_at_least, check_seconds
from ..work import WorkCoordinator
from .expiry import Entry, Expiry

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStatistics:
    """The counters of a cache at one instant."""

    size: int
    """Values that are kept."""

    loading: int
    """Loads that wait or run."""

    hits: int
    """Calls of ``get`` that found a value."""

    misses: int
    """Calls of ``get`` that did not; several may have shared one load."""

    evicted: int
    """Values that went for a newer one."""

    expired: int
    """Values that went by their age."""


class SlidingCache(Generic[Key, Value]):
    """Loads values by key and keeps each while it is used, for so long at most.

    Calls for a key that is being loaded share that load, which is an operation of a
    WorkCoordinator: it may have a limit, a time-out, attempts and a rate. Errors are
    not kept. Belongs to the loop that is running when it is made; no lock protects it.

    ::

        async with SlidingCache(fetch_profile, sliding=300, absolute=3600) as profiles:
            profile = await profiles.get(user_id)
    """

    def __init__(
        self,
        load: Body[Key, Value],
        *,
        sliding: float | None = 300.0,
        absolute: float | None = 3600.0,
        size: int = 1000,
        limit: int = 100,
        clock: Clock | None = None,
        **options: Any,
    ) -> None:
        """Make an empty cache for the running loop.

        Args:
            load: Coroutine function, called with a key.
            sliding: Seconds that a value is kept after its last use; None for no limit.
            absolute: Seconds that it is kept after it was loaded; None for no limit.
            size: How many values are kept; the one used longest ago goes, at least 1.
            limit: How many loads run at once, at least 1.
            clock: Where the time comes from.
            options: As for a coordinator, such as ``timeout`` and ``max_attempts``.

        Raises:
            RuntimeError: No loop is running.
            TypeError, ValueError: An argument is of the wrong kind or out of range.
        """
        check_seconds("sliding", sliding)
        check_seconds("absolute", absolute)
        check_at_least("size", size, 1)
        self._sliding = math.inf if sliding is None else sliding
        self._absolute = math.inf if absolute is None else absolute
        self._size = size
        self._clock = clock or LoopClock()
        self._monotonic = monotonic_of(self._clock)
        options = {"history": 0, "echoes": 0, **options, "clock": self._clock}
        self._work = WorkCoordinator(load, limit=limit, **options)
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        """In the order of their last use, the oldest first."""
        self._loads: dict[Key, Operation[Key, Value]] = {}
        self._expiry = Expiry(self._clock, self._on_expired)
        self._hits = self._misses = self._evicted = self._expired = 0

    def __len__(self) -> int:
        """Return how many values are kept."""
        return len(self._entries)

    async def get(self, key: Key) -> Value:
        """Return the value of a key; load it if it is not here.

        A call that is cancelled does not cancel the load.

        Raises:
            Exception: What ``load`` raised.
            QueueFull: As many loads wait as may wait.
            Closed: The cache was closed, and the value is not here.
            RuntimeError: ``load`` asks for the key that it loads.
        """
        self._work.check_loop()
        entry = self._entries.get(key)
        now = self._monotonic()
        if entry is not None and now < entry.end_time:
            self._hits += 1
            self._entries.move_to_end(key)
            entry.end_time = min(now + self._sliding, entry.last_time)
            value: Value = entry.value
            return value
        self._misses += 1
        return await self._load(key)

    def _load(self, key: Key) -> Operation[Key, Value]:
        """Return the operation that loads a key; there is one at a time."""
        operation = self._loads.get(key)
        if operation is None:
            operation = self._work.submit_nowait(key)
            self._loads[key] = operation
            operation.add_waiter(_Arrival(self, key, operation))
        elif operation.attempt_task is asyncio.current_task():
            raise RuntimeError(f"the load of {key!r} would wait for itself")
        return operation

    def invalidate(self, key: Key) -> bool:
        """Drop a key's value; the result of a load that runs is not kept either.

        Returns:
            Whether there was a value.
        """
        self._work.check_loop()
        self._loads.pop(key, None)
        return self._drop(key)

    def clear(self) -> None:
        """Drop all values, and keep none of the loads that run."""
        self._work.check_loop()
        self._loads.clear()
        for key in [*self._entries]:
            self._drop(key)

    def statistics(self) -> CacheStatistics:
        """Return the counters of this instant."""
        counters = self._work.statistics()
        return CacheStatistics(
            size=len(self._entries),
            loading=counters.waiting + counters.retrying + counters.running,
            hits=self._hits,
            misses=self._misses,
            evicted=self._evicted,
            expired=self._expired,
        )

    # -- keeping -----------------------------------------------------------------------

    def on_loaded(self, key: Key, operation: Operation[Key, Value]) -> None:
        """Keep the value of a load that ended well, unless it was invalidated."""
        if self._loads.get(key) is not operation:
            return
        del self._loads[key]
        if operation.status is Status.SUCCESSFUL:
            self._keep(key, operation.value)

    def _keep(self, key: Key, value: Any) -> None:
        self._drop(key)
        now = self._monotonic()
        last = now + self._absolute
        entry = Entry(key, value, min(now + self._sliding, last), last)
        self._entries[key] = entry
        if len(self._entries) > self._size:
            self._drop(next(iter(self._entries)))
            self._evicted += 1
        self._expiry.add(entry)

    def _drop(self, key: Key) -> bool:
        entry = self._entries.pop(key, None)
        if entry is None:
            return False
        self._expiry.discard(entry)
        return True

    def _on_expired(self, entry: Entry) -> None:
        self._drop(entry.key)
        self._expired += 1

    # -- ending ------------------------------------------------------------------------

    async def aclose(self) -> None:
        """Drop all values, cancel all loads and wait until they have ended."""
        self.clear()
        self._expiry.clear()
        await self._work.aclose()

    async def __aenter__(self) -> Self:
        self._work.check_loop()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close, however the block ended."""
        await self.aclose()


class _Arrival(Generic[Key, Value]):
    """A waiter of a load that keeps its value before any other waiter gets it."""

    __slots__ = ("_cache", "_key", "_operation")

    def __init__(
        self,
        cache: SlidingCache[Key, Value],
        key: Key,
        operation: Operation[Key, Value],
    ) -> None:
        self._cache = cache
        self._key = key
        self._operation = operation

    def done(self) -> bool:
        """Return False: it waits until the end."""
        return False

    def set_result(self, result: None, /) -> None:
        """Hand the operation to the cache."""
        self._cache.on_loaded(self._key, self._operation)
