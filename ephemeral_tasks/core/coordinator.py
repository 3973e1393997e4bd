"""Taking operations in and ending them: the rules that every coordinator shares."""

from __future__ import annotations

import asyncio
import contextvars
from collections import OrderedDict
from collections.abc import AsyncIterable, Callable, Hashable, Iterable
from contextlib import aclosing
from types import TracebackType
from typing import Any, Required, Self, TypedDict

from .clock import Clock, LoopClock
from .errors import Closed, QueueFull
from .history import Echo, History
from .operation import (
    Item,
    Operation,
    Snapshot,
    Value,
)
from .policy import Backoff, Policy, full_jitter
from .queues import Queue
from .runner import Body, Runner
from .sources import turning
from .statistics import Statistics
from .status import Status
from .validation import check_at_least, check_body, check_seconds


class Options(TypedDict, total=False):
    """The keywords that every coordinator takes; see ``Coordinator.__init__``."""

    limit: Required[int]
    capacity: int
    history: int
    max_age: float | None
    echoes: int
    timeout: float | None
    max_attempts: int
    backoff: Backoff | None
    retry_on: tuple[type[BaseException], ...]
    on_change: Callable[[Snapshot], object] | None
    clock: Clock | None


class Coordinator(Runner[Item, Value]):
    """Runs at most ``limit`` bodies at once and lets at most ``capacity`` wait.

    Base of the coordinators, which differ in the queue they hand to it. Belongs to the
    loop that is running when it is made.
    """

    def __init__(
        self,
        body: Body[Item, Value],
        *,
        queue: Queue,
        limit: int,
        capacity: int = 1000,
        history: int = 200,
        max_age: float | None = None,
        echoes: int = 256,
        timeout: float | None = None,
        max_attempts: int = 1,
        backoff: Backoff | None = None,
        retry_on: tuple[type[BaseException], ...] = (Exception,),
        on_change: Callable[[Snapshot], object] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a coordinator for the running loop; nothing runs yet.

        Args:
            body: Coroutine function, called with one item.
            queue: The order of those that wait.
            limit: How many run at once, at least 1.
            capacity: How many may wait, at least 0.
            history: How many finished operations are remembered, at least 0.
            max_age: Seconds that the history remembers one; None for no limit.
            echoes: How many of those that the history let go leave an echo.
            timeout: Seconds that an attempt may take; it then fails with TimeoutError.
            max_attempts: How often the body is called at most.
            backoff: ``(failed attempt, error) -> seconds`` until the next attempt;
                exponential with full jitter by default.
            retry_on: The errors after which another attempt is made.
            on_change: Called on the loop with a snapshot at each step; an error in it
                is logged and harms nothing.
            clock: Where the time comes from.

        Raises:
            RuntimeError: No loop is running.
            TypeError: The body is no coroutine function.
            ValueError: A bound is out of range.
        """
        check_body(body)
        check_at_least("limit", limit, 1)
        check_at_least("capacity", capacity, 0)
        check_at_least("history", history, 0)
        check_at_least("echoes", echoes, 0)
        check_seconds("max_age", max_age)
        clock = clock or LoopClock()
        super().__init__(
            body,
            queue=queue,
            limit=limit,
            history=History(size=history, max_age=max_age, echoes=echoes, clock=clock),
            on_change=on_change,
            clock=clock,
        )
        self._capacity = capacity
        self._policy = Policy(
            timeout=timeout,
            max_attempts=max_attempts,
            backoff=full_jitter if backoff is None else backoff,
            retry_on=retry_on,
        )
        self._blocked: OrderedDict[Operation[Item, Value], asyncio.Future[None]]
        self._blocked = OrderedDict()
        """Those whose submitters wait for room, oldest first."""
        self._idle: list[asyncio.Future[None]] = []
        self._source: asyncio.Task[None] | None = None
        self._is_closed = False
        self._refused = 0

    # -- submitting --------------------------------------------------------------------

    async def submit(self, item: Item) -> Operation[Item, Value]:
        """Take an item, as soon as there is room; those who wait take turns.

        A call that is cancelled leaves nothing that runs.

        Raises:
            Closed: The coordinator was closed, perhaps while this call waited.
        """
        self._check_open()
        key = self._key_of(item)
        operation = self._make(item, key)
        if self._has_room(key):
            return self.admit(operation)
        turn = self._blocked[operation] = self._loop.create_future()
        try:
            await turn
        except asyncio.CancelledError:
            if self._blocked.pop(operation, None) is None and operation.host:
                self.end(operation)  # it was let in just now, and nobody has it
            raise
        if operation.host is None:
            raise Closed
        return operation

    def submit_nowait(self, item: Item) -> Operation[Item, Value]:
        """Take an item now.

        Raises:
            QueueFull: As many wait as may wait; nothing was changed.
            Closed: The coordinator was closed.
        """
        self._check_open()
        key = self._key_of(item)
        if not self._has_room(key):
            self._refused += 1
            raise QueueFull(
                f"{len(self._queue)} operations wait, capacity is {self._capacity}"
            )
        return self.admit(self._make(item, key))

    async def submit_many(
        self, items: Iterable[Item] | AsyncIterable[Item]
    ) -> tuple[Operation[Item, Value], ...]:
        """Take items in order, each as soon as there is room.

        Raises:
            Closed: The coordinator was closed; what was taken before stays taken.
        """
        async with aclosing(turning(items)) as source:
            return tuple([await self.submit(item) async for item in source])

    def _key_of(self, item: Item) -> Hashable:
        return None

    def _priority_of(self, item: Item) -> int:
        return 0

    def _make(self, item: Item, key: Hashable) -> Operation[Item, Value]:
        return Operation(
            item,
            key=key,
            priority=self._priority_of(item),
            policy=self._policy,
            variables=contextvars.copy_context(),
            submitted_time=self._clock.time(),
        )

    def prepare(self, item: Item) -> Operation[Item, Value]:
        """Make an operation for ``admit``; a host may do so from any thread."""
        return self._make(item, self._key_of(item))

    def admit(self, operation: Operation[Item, Value]) -> Operation[Item, Value]:
        """Take an operation that its host made, whatever the capacity says."""
        self._accept(operation)
        self._dispatch()
        return operation

    # -- having room -------------------------------------------------------------------

    def _has_room(self, key: Hashable) -> bool:
        """Return whether a newcomer may be taken now and overtakes nobody."""
        if not self._blocked and len(self._queue) < self._capacity:
            return True
        return (
            self._has_slot()
            and self._queue.is_free(key)
            and all(other.key != key for other in self._blocked)
        )

    def _dispatch(self) -> None:
        """Start what may start, and let in those for whom there is room now."""
        super()._dispatch()
        while self._blocked and (operation := self._next_blocked()) is not None:
            turn = self._blocked.pop(operation)
            if not turn.done():
                turn.set_result(None)
                self._accept(operation)
                super()._dispatch()

    def _next_blocked(self) -> Operation[Item, Value] | None:
        """Return the oldest one for whom there is room; None when there is none."""
        if len(self._queue) < self._capacity:
            return next(iter(self._blocked))
        if not self._has_slot():
            return None
        return next((o for o in self._blocked if self._queue.is_free(o.key)), None)

    # -- a source ----------------------------------------------------------------------

    @classmethod
    def from_iterable(
        cls,
        items: Iterable[Item] | AsyncIterable[Item],
        body: Body[Item, Value],
        **options: Any,
    ) -> Self:
        """Return a coordinator that takes its items from a source, as it has room.

        It closes itself at the source's end. An error of the source comes out of the
        first ``drain()``, after what was accepted has run.
        """
        coordinator = cls(body, **options)
        coordinator._source = coordinator._loop.create_task(coordinator._pump(items))
        coordinator._source.add_done_callback(coordinator._source_ended)
        return coordinator

    async def _pump(self, items: Iterable[Item] | AsyncIterable[Item]) -> None:
        async with aclosing(turning(items)) as source:
            async for item in source:
                if self._is_closed:
                    return
                await self.submit(item)

    def _source_ended(self, source: asyncio.Task[None]) -> None:
        if not source.cancelled():
            source.exception()  # drain() raises it; without one it is not wanted
        self.close()

    def _raise_source_error(self) -> None:
        """Raise what ended the source, once: kept, it would refer to its own frames."""
        source, self._source = self._source, None
        if source is not None and not source.cancelled():
            source.result()

    # -- steering ----------------------------------------------------------------------

    def cancel(self, id: str) -> bool:
        """Ask one operation to end CANCELLED; False when it finished or is unknown."""
        self.check_loop()
        operation = self._unfinished.get(id)
        return operation is not None and self.end(operation)

    def cancel_all(self) -> int:
        """Ask all that is unfinished to end; return how many were asked."""
        self.check_loop()
        return self._end_all()

    def pause(self) -> None:
        """Start nothing more until ``resume``; what runs goes on."""
        self.check_loop()
        self._is_paused = True

    def resume(self) -> None:
        """Start what may start, now and from now on."""
        self.check_loop()
        self._is_paused = False
        self._dispatch()

    def resize(self, limit: int) -> None:
        """Let ``limit`` run at once: more start now, fewer as running ones end."""
        self.check_loop()
        check_at_least("limit", limit, 1)
        self._limit = limit
        self._dispatch()

    # -- ending ------------------------------------------------------------------------

    def close(self) -> None:
        """Take no more; blocked submitters get Closed. What was accepted goes on.

        A source is left where it is.
        """
        self.check_loop()
        self._is_closed = True
        if self._source is not None:
            self._source.cancel()
        while self._blocked:
            _, turn = self._blocked.popitem()
            if not turn.done():
                turn.set_result(None)
        self._wake_idle()

    async def drain(self, timeout: float | None = None) -> None:
        """Close, then wait until all that was accepted has finished.

        While paused this waits for ``resume``, too. With ``from_iterable`` it waits for
        the source's end instead of closing at once.

        Raises:
            RuntimeError: Called by one of its own bodies, for which it would wait.
            TimeoutError: Some are unfinished after ``timeout`` seconds; none of them
                was cancelled.
        """
        self.check_loop()
        self._check_no_body()
        if self._source is None:
            self.close()
        if timeout is None:
            await self._until_idle()
        else:
            await self._until_idle_or_late(timeout)
        self._raise_source_error()

    async def _until_idle(self) -> None:
        if not self._is_drained():
            waiter = self._loop.create_future()
            self._idle.append(waiter)
            try:
                await waiter
            finally:
                if waiter in self._idle:
                    self._idle.remove(waiter)

    async def _until_idle_or_late(self, timeout: float) -> None:
        waiting = self._loop.create_task(self._until_idle())
        timer = self._clock.call_later(timeout, waiting.cancel)
        try:
            await asyncio.wait((waiting,))
        finally:
            timer.cancel()
            waiting.cancel()
        if not self._is_drained():
            raise TimeoutError(f"operations are unfinished after {timeout} s")

    def _is_drained(self) -> bool:
        is_source_open = self._source is not None and not self._source.done()
        return self._is_closed and not self._unfinished and not is_source_open

    def _emptied(self) -> None:
        self._wake_idle()

    def _wake_idle(self) -> None:
        if self._idle and self._is_drained():
            waiters, self._idle = self._idle, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def aclose(self) -> None:
        """Close, cancel all that is unfinished, wait until the bodies have ended."""
        self.close()
        self.cancel_all()
        await self._until_idle()

    async def __aenter__(self) -> Self:
        self.check_loop()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drain when the block ended well, else cancel."""
        try:
            if kind is None:
                await self.drain()
        finally:
            await self.aclose()

    # -- looking -----------------------------------------------------------------------

    def statistics(self) -> Statistics:
        """Return the counters of this instant."""
        return Statistics(
            running=self._running,
            waiting=len(self._queue),
            retrying=self._retrying,
            limit=self._limit,
            capacity=self._capacity,
            accepted=self._accepted,
            refused=self._refused,
            successful=self._ended[Status.SUCCESSFUL],
            failed=self._ended[Status.FAILED],
            cancelled=self._ended[Status.CANCELLED],
            is_paused=self._is_paused,
        )

    def snapshots(self, *, status: Status | None = None) -> tuple[Snapshot, ...]:
        """Return the unfinished operations and the history, oldest submission first."""
        self.check_loop()
        pictures = [*self._history]
        pictures += [operation.snapshot() for operation in self._unfinished.values()]
        pictures.sort(key=lambda snapshot: snapshot.submitted_at)
        return tuple(p for p in pictures if status is None or p.status is status)

    def echoes(self) -> tuple[Echo, ...]:
        """Return what is left of operations that the history let go, oldest first."""
        self.check_loop()
        return self._history.echoes()

    def pin(self, id: str) -> None:
        """Keep an operation in the history until ``unpin``, once it has finished.

        Raises:
            UnknownOperation: It is neither unfinished nor in the history.
        """
        self.check_loop()
        self._history.pin(id, is_coming=id in self._unfinished)

    def unpin(self, id: str) -> None:
        """Let a pinned operation go with its age again."""
        self.check_loop()
        self._history.unpin(id)

    # -- refusing ----------------------------------------------------------------------

    def _check_open(self) -> None:
        self.check_loop()
        if self._is_closed:
            raise Closed

    def _check_no_body(self) -> None:
        task = asyncio.current_task()
        if any(
            operation.attempt_task is task for operation in self._unfinished.values()
        ):
            raise RuntimeError(
                "drain() inside a body of the same coordinator would wait for itself"
            )
