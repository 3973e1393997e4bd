"""Taking operations in: the rules that every coordinator shares."""

from __future__ import annotations

import contextvars
from collections.abc import AsyncIterable, Callable, Hashable, Iterable
from contextlib import aclosing
from typing import Any, Self

from .admission import Admission
from .attempts import Body
from .clock import Clock, LoopClock
from .history import History
from .operation import Item, Operation, Value
from .policy import Backoff, Policy, full_jitter
from .queues import Queue
from .signals import SignalHub
from .snapshot import Snapshot
from .sources import iterate_in_turns
from .timing import weigh
from .validation import check_at_least, check_body, check_seconds


class Coordinator(Admission[Item, Value]):
    """Runs at most ``limit`` bodies at once and lets at most ``capacity`` wait.

    Base of the coordinators, which differ in the queue they hand to it. Belongs to the
    loop that is running when it is made.
    """

    def __init__(
        self,
        body: Body[Item, Value],
        *,
        queue: Queue[Any],
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
        max_retrying: int | None = None,
        rate: float | None = None,
        burst: int = 1,
        cost: Callable[[Item], float] | None = None,
        start_within: float | None = None,
        hub: SignalHub | None = None,
        cancel_on: str | Iterable[str] = (),
        defer_on: str | Iterable[str] = (),
        resume_on: str | Iterable[str] = (),
    ) -> None:
        """Make a coordinator for the running loop; nothing runs yet.

        Args:
            body: Coroutine function, called with one item.
            queue: The order of waiting operations.
            limit: How many run at once, at least 1.
            capacity: How many may wait, at least 0.
            history: How many finished operations are remembered, at least 0.
            max_age: Seconds that the history remembers an operation; None for no limit.
            echoes: How many operations that the history evicted leave an echo.
            timeout: Seconds that an attempt may take; it then fails with TimeoutError.
            max_attempts: How often the body is called at most.
            backoff: ``(failed attempt, error) -> seconds`` until the next attempt;
                exponential with full jitter by default.
            retry_on: The errors after which another attempt is made.
            on_change: Called on the loop with a snapshot at each step; an error in it
                is logged and harms nothing.
            clock: Where the time comes from.
            max_retrying: While so many are between two attempts, no new operation is
                taken; None for no such bound.
            rate: How many attempts start in a second; None for no such bound.
            burst: How many may start at once after a while without starts, at least 1.
            cost: Gives what an item weighs against the rate, 1 by default. An item
                that weighs more than is left starts, and delays those after it.
            start_within: Seconds that an operation may wait for its first start; it
                then fails with TimeoutError and is never run.
            hub: Gets the signals of operations' and the coordinator's lives, and those
                that bodies emit.
            cancel_on: Signals, by patterns of their names, at which all that is
                unfinished is cancelled.
            defer_on: Signals from which on nothing starts until one of ``resume_on``
                or ``resume()``. Signals that were emitted earlier do not count.
            resume_on: Signals that end this pause, and no other.

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
            rate=rate,
            burst=burst,
            cost=cost,
            start_within=start_within,
            limit=limit,
            capacity=capacity,
            max_retrying=max_retrying,
            history=History(size=history, max_age=max_age, echoes=echoes, clock=clock),
            on_change=on_change,
            clock=clock,
            hub=hub,
        )
        self._subscribe(cancel_on, defer_on, resume_on)
        self._policy = Policy(
            timeout=timeout,
            max_attempts=max_attempts,
            backoff=full_jitter if backoff is None else backoff,
            retry_on=retry_on,
        )

    # -- submitting --------------------------------------------------------------------

    async def submit(self, item: Item) -> Operation[Item, Value]:
        """Take an item as soon as a place is free; waiting calls are served in order.

        A cancelled call leaves no operation behind.

        Raises:
            Closed: The coordinator was closed, perhaps while this call waited.
        """
        self._check_open()
        key = self._key_of(item)
        operation = self._make(item, key)
        if self._admits(key):
            return self.admit(operation)
        return await self._block(operation)

    def submit_nowait(self, item: Item) -> Operation[Item, Value]:
        """Take an item now.

        Raises:
            QueueFull: As many wait as may wait; nothing was changed.
            Closed: The coordinator was closed.
        """
        self._check_open()
        key = self._key_of(item)
        if not self._admits(key):
            raise self._refuse(key)
        return self.admit(self._make(item, key))

    async def submit_many(
        self, items: Iterable[Item] | AsyncIterable[Item]
    ) -> tuple[Operation[Item, Value], ...]:
        """Take items in order, each as soon as a place is free.

        Raises:
            Closed: The coordinator was closed; what was taken before stays taken.
        """
        async with aclosing(iterate_in_turns(items)) as source:
            return tuple([await self.submit(item) async for item in source])

    def _key_of(self, item: Item) -> Hashable:
        return None

    def _priority_of(self, item: Item) -> int:
        return 0

    def _make(self, item: Item, key: Hashable) -> Operation[Item, Value]:
        now = self._monotonic()
        operation: Operation[Item, Value] = Operation(
            item,
            key=key,
            priority=self._priority_of(item),
            policy=self._policy,
            variables=contextvars.copy_context(),
            submitted_monotonic=now,
            clock_offset=self._clock.time() - now,
        )
        if self._cost is not None:
            operation.cost = weigh(self._cost, item)
        return operation

    def prepare(self, item: Item) -> Operation[Item, Value]:
        """Make an operation for ``accept``, from any thread."""
        return self._make(item, self._key_of(item))

    # -- a source ----------------------------------------------------------------------

    @classmethod
    def from_iterable(
        cls,
        items: Iterable[Item] | AsyncIterable[Item],
        body: Body[Item, Value],
        **options: Any,
    ) -> Self:
        """Return a coordinator that takes its items from a source, as places get free.

        It closes itself at the source's end. An error of the source is raised by the
        first ``drain()``, after all accepted operations have run.
        """
        coordinator = cls(body, **options)
        coordinator._source = coordinator._loop.create_task(coordinator._pump(items))
        coordinator._source.add_done_callback(coordinator._on_source_end)
        return coordinator

    async def _pump(self, items: Iterable[Item] | AsyncIterable[Item]) -> None:
        async with aclosing(iterate_in_turns(items)) as source:
            async for item in source:
                if self._is_closed:
                    return
                await self.submit(item)
