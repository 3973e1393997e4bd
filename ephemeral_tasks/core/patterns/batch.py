"""Items that are worked on together: so many of them, or after so long."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Generic

from ..attempts import Body
from ..block import Block
from ..clock import Clock, LoopClock, TimerHandle, monotonic_of
from ..errors import Closed, QueueFull
from ..operation import Item
from ..statistics import Statistics
from ..validation import check_at_least, check_positive
from ..work import WorkCoordinator
from .places import Places


class Batch(Block, Generic[Item]):
    """Collects items and calls a body with a tuple of them.

    A batch goes out when it has ``size`` items, or when its first item has waited
    ``within`` seconds. A WorkCoordinator runs the bodies, by default one at a time, so
    that no two batches overlap. Belongs to the loop that is running when it is made; no
    lock protects it.

    ::

        async with Batch(insert_rows, size=100, within=2.0) as batch:
            await batch.add(row)
    """

    def __init__(
        self,
        body: Body[tuple[Item, ...], object],
        *,
        size: int = 32,
        within: float = 1.0,
        capacity: int = 1000,
        limit: int = 1,
        clock: Clock | None = None,
        **options: Any,
    ) -> None:
        """Make it for the running loop; nothing is collected yet.

        Args:
            body: Coroutine function, called with a tuple of 1 to ``size`` items in the
                order in which they were added. It sees the context variables of the
                call that makes this object.
            size: How many items a batch has at most, at least 1.
            within: Seconds that an item waits for others at most.
            capacity: How many items may wait, at least 1.
            limit: How many batches are worked on at once, at least 1.
            clock: Where the time comes from.
            options: As for a coordinator, such as ``max_attempts``; an operation of it
                is a whole batch. While ``limit`` batches wait for another attempt, no
                more go out.

        Raises:
            RuntimeError: No loop is running.
            TypeError, ValueError: An argument is of the wrong kind or out of range.
        """
        check_at_least("size", size, 1)
        check_positive("within", within)
        check_at_least("capacity", capacity, 1)
        self._clock = clock or LoopClock()
        self._monotonic = monotonic_of(self._clock)
        options = {"max_retrying": limit, **options, "clock": self._clock}
        self._work = WorkCoordinator(body, limit=limit, capacity=0, **options)
        self._size = size
        self._within = within
        self._places = Places(capacity)
        """Given back when an item goes out."""
        self._items: deque[tuple[float, Item]] = deque()
        """Each with the time at which it was added, by the monotonic clock."""
        self._timer: TimerHandle | None = None
        """Set while the first item waits for others."""
        self._is_late = False
        """True once the first item has waited long enough."""
        self._is_closed = False
        self._news = asyncio.Event()
        """Set when the next batch may be due."""
        self._sending = asyncio.get_running_loop().create_task(self._send())
        self._sending.add_done_callback(self._on_sent)

    def __len__(self) -> int:
        """Return how many items wait."""
        return len(self._items)

    async def add(self, item: Item) -> None:
        """Add an item as soon as there is a place; waiting calls are served in order.

        Raises:
            Closed: It was closed, perhaps while this call waited.
        """
        self._check_open()
        if not await self._places.take():
            raise Closed
        self._append(item)

    def add_nowait(self, item: Item) -> None:
        """Add an item now.

        Raises:
            QueueFull: As many wait as may wait; nothing was changed.
            Closed: It was closed.
        """
        self._check_open()
        if not self._places.take_nowait():
            raise QueueFull(f"{len(self._items)} items wait for a batch")
        self._append(item)

    def statistics(self) -> Statistics:
        """Return the counters of this instant; they count batches."""
        return self._work.statistics()

    # -- sending -----------------------------------------------------------------------

    def _append(self, item: Item) -> None:
        self._items.append((self._monotonic(), item))
        if len(self._items) == 1:
            self._start_timer()
        self._news.set()

    def _start_timer(self) -> None:
        """Wait for the time of the item that is now the first one."""
        self._stop_timer()
        self._is_late = False
        if self._items:
            left = self._items[0][0] + self._within - self._monotonic()
            self._timer = self._clock.call_later(max(0.0, left), self._on_timer)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        self._timer = None
        self._is_late = True
        self._news.set()

    async def _send(self) -> None:
        while await self._has_next():
            await self._work.submit(self._take())

    async def _has_next(self) -> bool:
        """Wait for the next batch; return False when there is none any more."""
        while not self._is_due():
            self._news.clear()
            await self._news.wait()
        return bool(self._items)

    def _is_due(self) -> bool:
        return len(self._items) >= self._size or self._is_late or self._is_closed

    def _take(self) -> tuple[Item, ...]:
        count = min(self._size, len(self._items))
        batch = tuple([self._items.popleft()[1] for _ in range(count)])
        self._start_timer()
        self._places.give(count)
        return batch

    # -- ending ------------------------------------------------------------------------

    def close(self) -> None:
        """Take no more; blocked calls of ``add`` get Closed. What waits goes out."""
        self._work.check_loop()
        self._is_closed = True
        self._places.close()
        self._news.set()

    async def drain(self) -> None:
        """Close, then wait until all items have gone out and all bodies have ended."""
        self.close()
        await asyncio.wait([self._sending])
        await self._work.drain()
        if not self._sending.cancelled():
            self._sending.result()

    async def aclose(self) -> None:
        """Close, drop what waits, cancel the bodies and wait until they have ended."""
        self.close()
        self._stop_timer()
        self._items.clear()
        self._sending.cancel()
        await self._work.aclose()

    def check_loop(self) -> None:
        """Raise RuntimeError when the caller is not on the loop of the batches."""
        self._work.check_loop()

    def _check_open(self) -> None:
        self._work.check_loop()
        if self._is_closed:
            raise Closed

    def _on_sent(self, sending: asyncio.Task[None]) -> None:
        """Close when no more goes out; an error is raised by ``drain``."""
        if not sending.cancelled():
            sending.exception()  # fetched, or asyncio would log it
        if not self._is_closed:
            self.close()
