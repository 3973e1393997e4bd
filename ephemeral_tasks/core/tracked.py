"""Items whose progress is reported while a body goes through them."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from typing import Any, Generic, TypeVar, cast

Item = TypeVar("Item")
Report = Callable[[float, float | None, str], None]


class Tracked(Generic[Item]):
    """Iterable as its items are, by ``for``, ``async for`` or both.

    An item counts as done when the next one is asked for. A generator that gave the
    items is closed with the loop, as by ``yield from``.
    """

    def __init__(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        message: str,
        report: Report,
    ) -> None:
        if not isinstance(items, Iterable | AsyncIterable):
            raise TypeError(f"items must be iterable, got {type(items).__name__}")
        self._items = items
        self._message = message
        self._report = report

    def __iter__(self) -> Iterator[Item]:
        items = iter(cast("Iterable[Item]", self._items))
        return self._follow(items)

    def __aiter__(self) -> AsyncIterator[Item]:
        items = aiter(cast("AsyncIterable[Item]", self._items))
        return self._afollow(items)

    def _follow(self, items: Iterator[Item]) -> Generator[Item, None, None]:
        total = _count(self._items)
        self._report(0, total, self._message)
        try:
            for done, item in enumerate(items, start=1):
                yield item
                self._report(done, total, self._message)
        finally:
            if isinstance(items, Generator):
                items.close()

    async def _afollow(self, items: AsyncIterator[Item]) -> AsyncGenerator[Item, None]:
        done, total = 0, _count(self._items)
        self._report(0, total, self._message)
        try:
            async for item in items:
                # Django's QuerySet counts without a query once it was read, and in
                # async code not before.
                total = _count(self._items) if total is None else total
                yield item
                done += 1
                self._report(done, total, self._message)
        finally:
            if isinstance(items, AsyncGenerator):
                await items.aclose()


def _count(items: Any) -> int | None:
    """Return how many items there are; None where that cannot be known."""
    try:
        return len(items)
    except Exception:  # the items come all the same, whatever their len() says
        return None
