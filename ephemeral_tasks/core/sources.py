"""Where a coordinator or a loop takes its items from."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Iterator,
)
from itertools import count
from typing import Generic, Self

from .operation import Item

TURN = 100
"""The loop gets its turn at least every so many items."""


async def iterate_in_turns(
    items: Iterable[Item] | AsyncIterable[Item],
) -> AsyncGenerator[Item, None]:
    """Yield the items of a source; every hundred items the loop gets its turn.

    An async source that is left before its end is closed, if it can be.
    """
    number = 0
    source = iterate(items)
    try:
        async for item in source:
            yield item
            number += 1
            if number % TURN == 0:
                await asyncio.sleep(0)
    finally:
        await close(source)


async def iterate(
    items: Iterable[Item] | AsyncIterable[Item],
) -> AsyncGenerator[Item, None]:
    """Yield the items of a plain or async source."""
    if not isinstance(items, AsyncIterable):
        for item in items:
            yield item
        return
    source = aiter(items)
    try:
        async for item in source:
            yield item
    finally:
        await close(source)


async def close(source: object) -> None:
    """End an async generator and run its clean-up; do nothing for other sources."""
    aclose = getattr(source, "aclose", None)
    if aclose is not None:
        await aclose()


class Shared(Generic[Item]):
    """A plain or async source, numbered from 0, that several tasks of a loop share."""

    def __init__(self, items: Iterable[Item] | AsyncIterable[Item]) -> None:
        self._numbers = count()
        self._reading = asyncio.Lock()
        """Held while an async source is read; all fields belong to the loop."""
        self._plain: Iterator[Item] = iter(())
        self._async: AsyncIterator[Item] | None = None
        if isinstance(items, AsyncIterable):
            self._async = aiter(items)
        else:
            self._plain = iter(items)
        self.is_over = False
        """True once it gives no more items."""

    @property
    def is_awaited(self) -> bool:
        """True while a task waits for the next item."""
        return self._reading.locked()

    def stop(self) -> None:
        """Give no more items."""
        self.is_over = True

    async def aclose(self) -> None:
        """Give no more items, and close an async source that was left early."""
        self.stop()
        await close(self._async)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[int, Item]:
        if self.is_over:
            raise StopAsyncIteration
        try:
            if self._async is None:
                return next(self._numbers), next(self._plain)
            return await self._read(self._async)
        except StopIteration:
            self.stop()
            raise StopAsyncIteration from None
        except BaseException:  # a cancel, too: the source is not asked again
            self.stop()
            raise

    async def _read(self, source: AsyncIterator[Item]) -> tuple[int, Item]:
        async with self._reading:  # an async generator has one reader at a time
            if self.is_over:
                raise StopAsyncIteration
            item = await anext(source)
            return next(self._numbers), item
