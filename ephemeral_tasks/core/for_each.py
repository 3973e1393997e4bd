"""Loops whose bodies run side by side."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Callable, Hashable, Iterable
from typing import Any

from .attempts import Body, Outcome
from .clock import Clock
from .context import CURRENT, OperationContext, PartContext
from .keyed import KeyedCoordinator
from .operation import Item, Operation
from .policy import Backoff
from .status import Status
from .summary import Failure, Summary
from .validation import check_at_least, check_body
from .workers import Workers

_AHEAD = 1000  # items read ahead at most, past those whose keys are busy


async def for_each(
    items: Iterable[Item] | AsyncIterable[Item],
    body: Body[Item, object],
    *,
    limit: int,
    key: Callable[[Item], Hashable] | None = None,
    limit_per_key: int = 1,
    history: int = 200,
    timeout: float | None = None,
    max_attempts: int = 1,
    backoff: Backoff | None = None,
    retry_on: tuple[type[BaseException], ...] = (Exception,),
    rate: float | None = None,
    burst: int = 1,
    cost: Callable[[Item], float] | None = None,
    stop_after: int | None = None,
    keep_items: bool = False,
    clock: Clock | None = None,
) -> Summary:
    """Run a body for each item, at most ``limit`` at once; return how they ended.

    A body's error is counted and collected, never raised. Cancelling this call
    cancels the bodies and waits for them. The source is read no faster than its items
    are run.

    Without ``key``, ``timeout``, ``rate`` and attempts the bodies share a few tasks and
    their context variables, as the turns of a plain loop do; otherwise each attempt is
    a task with a copy of the caller's.

    Args:
        items: The source, of either kind. Its error ends the reading, and is raised
            once the bodies of the items before it have ended.
        body: Coroutine function, called with one item.
        limit: How many run at once, at least 1.
        key: Gives an item's key: one key's items run in order, keys take turns. Up to
            1,000 items are then read ahead, past those whose keys are busy.
        limit_per_key: How many of one key run at once, at least 1.
        history: How many failures are kept, the newest, at least 0.
        timeout: Seconds that an attempt may take; it then fails with TimeoutError.
        max_attempts: How often the body is called at most for one item. While as many
            items wait for another attempt as may run, no more are read.
        backoff: ``(failed attempt, error) -> seconds`` until the next attempt;
            exponential with full jitter by default.
        retry_on: The errors after which another attempt is made.
        rate: How many attempts start in a second, at an even pace.
        burst: How many may start at once after a while without starts, at least 1.
        cost: Gives what an item weighs against the rate, 1 by default.
        stop_after: After so many failures no more items are read, and the bodies that
            still run are cancelled; at least 1.
        keep_items: Whether a Failure carries its item, which it then keeps alive.
        clock: Where the time comes from.

    Raises:
        TypeError, ValueError: An argument is of the wrong kind or out of range.
    """
    check_body(body)
    check_at_least("limit", limit, 1)
    check_at_least("limit_per_key", limit_per_key, 1)
    check_at_least("history", history, 0)
    if stop_after is not None:
        check_at_least("stop_after", stop_after, 1)
    collecting: dict[str, Any] = {"stop_after": stop_after, "keep_items": keep_items}
    is_plain = key is None and timeout is None and max_attempts == 1 and rate is None
    if is_plain and burst == 1 and cost is None:
        workers = Workers(items, body, limit=limit, history=history, **collecting)
        return await workers.run()
    loop = _Loop.from_iterable(
        items,
        body,
        key=key,
        limit=limit,
        limit_per_key=limit_per_key,
        failures=history,
        timeout=timeout,
        max_attempts=max_attempts,
        backoff=backoff,
        retry_on=retry_on,
        rate=rate,
        burst=burst,
        cost=cost,
        clock=clock,
        **collecting,
    )
    return await loop.run()


class _Loop(KeyedCoordinator[Any, object]):
    """A coordinator that collects failures in place of operations."""

    def __init__(
        self,
        body: Body[Any, object],
        *,
        key: Callable[[Any], Hashable] | None,
        limit: int,
        limit_per_key: int,
        failures: int,
        stop_after: int | None,
        keep_items: bool,
        **policy: Any,
    ) -> None:
        has_keys = key is not None
        super().__init__(
            body,
            key=key or _give_no_key,
            limit=limit,
            limit_per_key=limit_per_key if has_keys else limit,
            capacity=_AHEAD if has_keys else 0,
            history=0,
            echoes=0,
            max_retrying=limit,
            **policy,
        )
        self._indexes: dict[str, int] = {}
        self._failures: deque[Failure] = deque(maxlen=failures)
        self._stop_after = stop_after
        self._keep_items = keep_items
        self._is_stopped = False
        self._begun = 0
        """Items that were run at least once; the others were read ahead."""
        self._outer = CURRENT.get()
        """The operation that runs the loop, if there is one."""
        self.hub = None if self._outer is None else self._outer.hub

    async def run(self) -> Summary:
        """Return when the source is at its end and the last body has ended."""
        try:
            await self.drain()
        finally:
            await self._end()
        successful, failed = self._ended[Status.SUCCESSFUL], self._ended[Status.FAILED]
        return Summary(
            successful=successful,
            failed=failed,
            cancelled=self._begun - successful - failed,
            failures=tuple(self._failures),
            is_stopped=self._is_stopped,
        )

    async def _end(self) -> None:
        """Cancel unfinished operations, and wait even if cancelled again."""
        ending = asyncio.ensure_future(self.aclose())
        while not ending.done():
            try:
                await asyncio.shield(ending)
            except asyncio.CancelledError:
                continue

    def accept(
        self, operation: Operation[Any, object], *, is_admitted: bool = False
    ) -> list[Operation[Any, Any]]:
        """Take a new operation and remember its item's index."""
        self._indexes[operation.id] = self._accepted
        return super().accept(operation, is_admitted=is_admitted)

    def _conclude(self, operation: Operation[Any, Any], outcome: Outcome) -> None:
        index = self._indexes.pop(operation.id)
        if outcome.error is not None:
            item = operation.item if self._keep_items else None
            failure = Failure(index=index, error=outcome.error, item=item)
            self._failures.append(failure)
        super()._conclude(operation, outcome)
        if self._ended[Status.FAILED] == self._stop_after and not self._is_stopped:
            self._is_stopped = True
            self.close()
            self.cancel_all()

    def _make_context(self, operation: Operation[Any, Any]) -> OperationContext:
        if operation.attempt == 1:
            self._begun += 1
        return PartContext(operation, self._outer)

    def on_progress(self, operation: Operation[Any, Any]) -> None:
        """Report a body's progress as that of the operation that runs the loop."""
        if self._outer is not None and operation.progress is not None:
            self._outer.progress(*operation.progress)


def _give_no_key(item: object) -> None:
    """Give all items the same key."""
