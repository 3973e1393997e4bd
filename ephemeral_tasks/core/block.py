"""``async with``: what happens where the block of a coordinator ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Block(ABC):
    """Drains when its block ends well, and cancels when it does not."""

    @abstractmethod
    def check_loop(self) -> None:
        """Raise RuntimeError when the caller is not on the loop it belongs to."""

    @abstractmethod
    async def drain(self) -> None:
        """Close, then wait until all that was accepted has finished."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close, cancel what is unfinished, wait until the bodies have ended."""

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
