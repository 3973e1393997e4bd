"""Results of bodies that run side by side, as they come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from typing import Any, Literal, overload

from .attempts import Body
from .context import CURRENT, OperationContext, PartContext
from .errors import OperationCancelled
from .operation import Item, Operation, Value
from .sources import iterate_in_turns
from .status import Status
from .validation import check_at_least, check_body
from .work import WorkCoordinator


@overload
def map_each(
    items: Iterable[Item] | AsyncIterable[Item],
    body: Body[Item, Value],
    *,
    limit: int,
    ordered: bool = True,
    return_exceptions: Literal[False] = False,
) -> AsyncGenerator[Value, None]: ...


@overload
def map_each(
    items: Iterable[Item] | AsyncIterable[Item],
    body: Body[Item, Value],
    *,
    limit: int,
    ordered: bool = True,
    return_exceptions: bool,
) -> AsyncGenerator[Value | BaseException, None]: ...


def map_each(
    items: Iterable[Item] | AsyncIterable[Item],
    body: Body[Item, Value],
    *,
    limit: int,
    ordered: bool = True,
    return_exceptions: bool = False,
) -> AsyncGenerator[Value | BaseException, None]:
    """Yield what a body returns for each item, at most ``limit`` bodies at once.

    At most ``limit`` items are running or have results that were not taken yet, so a
    slow consumer slows the bodies and the source down. The first error is raised, once
    the bodies that still ran were cancelled and have ended; leaving the iteration ends
    them, too, at once inside ``contextlib.aclosing``.

    Args:
        items: The source, of either kind. Its error is raised after the results of
            the items before it.
        body: Coroutine function, called with one item.
        limit: How many run at once, at least 1.
        ordered: Whether results come in the order of the items, or as they are ready.
        return_exceptions: Whether a body's error is yielded in its result's place.

    Raises:
        TypeError, ValueError: An argument is of the wrong kind or out of range.
    """
    check_body(body)
    check_at_least("limit", limit, 1)
    return _results(items, body, limit, ordered, return_exceptions)


async def _results(
    items: Iterable[Item] | AsyncIterable[Item],
    body: Body[Item, Value],
    limit: int,
    ordered: bool,
    return_exceptions: bool,
) -> AsyncGenerator[Value | BaseException, None]:
    kind: type[_Results[Item, Value]] = _Results if ordered else _ResultsAsReady
    results = kind(body, limit=limit)
    results.read(items)
    try:
        while await results.has_next():
            yield results.take(return_exceptions)
    finally:
        await results.aclose()


class _Results(WorkCoordinator[Item, Value]):
    """A coordinator whose operations are taken in the order of their items."""

    def __init__(self, body: Body[Item, Value], *, limit: int) -> None:
        super().__init__(body, limit=limit, capacity=0, history=0, echoes=0)
        self._places = asyncio.Semaphore(limit)
        """Given back when a result is taken."""
        self._line: deque[Operation[Item, Value]] = deque()
        """Operations whose results are to be taken, the next one first."""
        self._news = asyncio.Event()
        """Set when the line grew or its head finished, or the source ended."""
        self._outer = CURRENT.get()
        """The operation that runs the loop, if there is one."""
        self.hub = None if self._outer is None else self._outer.hub

    def read(self, items: Iterable[Item] | AsyncIterable[Item]) -> None:
        """Run the items of a source, as places are free."""
        self._source = self._loop.create_task(self._pump(items))
        self._source.add_done_callback(self._on_source_end)

    async def _pump(self, items: Iterable[Item] | AsyncIterable[Item]) -> None:
        async with aclosing(iterate_in_turns(items)) as source:
            async for item in source:
                await self._places.acquire()
                self._on_submitted(self.submit_nowait(item))

    def _on_submitted(self, operation: Operation[Item, Value]) -> None:
        self._line.append(operation)

    def _on_source_end(self, source: asyncio.Task[None]) -> None:
        super()._on_source_end(source)
        self._news.set()

    async def has_next(self) -> bool:
        """Wait for the next result; return False when there is none any more.

        Raises:
            Exception: The source's error, after all results.
        """
        while not self._is_next_ready():
            if self._is_drained() and not self._line:
                self._raise_source_error()
                return False
            self._news.clear()
            await self._news.wait()
        return True

    def _is_next_ready(self) -> bool:
        return bool(self._line) and self._line[0].is_finished

    def take(self, return_exceptions: bool) -> Value | BaseException:
        """Return the next result or raise its error, and free its place."""
        self._places.release()
        if return_exceptions and self._line[0].status is not Status.SUCCESSFUL:
            operation = self._line.popleft()
            return operation.error or OperationCancelled(operation.id)
        return self._line.popleft().outcome()  # a local would be in its traceback

    def _notify(self, operation: Operation[Item, Value]) -> None:
        if operation.is_finished:
            self._news.set()

    def _make_context(self, operation: Operation[Any, Any]) -> OperationContext:
        return PartContext(operation, self._outer)

    def on_progress(self, operation: Operation[Any, Any]) -> None:
        """Report a body's progress as that of the operation that runs the loop."""
        if self._outer is not None and operation.progress is not None:
            self._outer.progress(*operation.progress)


class _ResultsAsReady(_Results[Item, Value]):
    """A coordinator whose operations are taken in the order in which they finish."""

    def _on_submitted(self, operation: Operation[Item, Value]) -> None:
        """Do nothing: the operation joins the line when it has finished."""

    def _notify(self, operation: Operation[Item, Value]) -> None:
        if operation.is_finished:
            self._line.append(operation)
            self._news.set()
