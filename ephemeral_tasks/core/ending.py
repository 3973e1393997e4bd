"""Ending a coordinator, by its owner or at the end of its source."""

from __future__ import annotations

import asyncio
from typing import Any

from .attempts import Body
from .block import Block
from .blocked import BlockedSubmitters
from .errors import Closed
from .idle import Idle
from .operation import Item, Value
from .steering import Steering


class Ending(Steering[Item, Value], Block):
    """A runner that takes no more once it was closed, and then drains."""

    def __init__(self, body: Body[Item, Value], **parts: Any) -> None:
        super().__init__(body, **parts)
        self._blocked = BlockedSubmitters()
        self._idle = Idle(self._is_drained, self._clock)
        self._source: asyncio.Task[None] | None = None
        self._is_closed = False
        self._was_drained = False
        """True once ``_on_drained`` was called."""

    # -- ending ------------------------------------------------------------------------

    def close(self) -> None:
        """Take no more; blocked submitters get Closed. Accepted operations go on.

        The rest of a source is not read.
        """
        self.check_loop()
        was_closed, self._is_closed = self._is_closed, True
        if self._source is not None:
            self._source.cancel()
        self._blocked.close()
        if not was_closed:
            self._announce("coordinator.closed")
        self._on_empty()

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
        await self._idle.wait(timeout)
        self._raise_source_error()

    def _is_drained(self) -> bool:
        is_source_open = self._source is not None and not self._source.done()
        return self._is_closed and not self._unfinished and not is_source_open

    def _on_empty(self) -> None:
        """Wake what waits for the end; the first time, end what a coordinator holds."""
        self._idle.notify()
        if self._is_closed and not self._was_drained and self._is_drained():
            self._was_drained = True
            self._on_drained()

    def _on_drained(self) -> None:
        """Hold neither timers nor subscriptions any more, and announce the end."""
        self._unsubscribe()
        self._stop_pause_timer()
        self._announce("coordinator.drained")

    async def aclose(self) -> None:
        """Close, cancel all unfinished operations, wait until the bodies have ended."""
        self.close()
        self.cancel_all()
        await self._idle.wait()

    # -- a source ----------------------------------------------------------------------

    def _on_source_end(self, source: asyncio.Task[None]) -> None:
        if not source.cancelled():
            source.exception()  # fetched, or asyncio would log it; drain() raises it
        self.close()

    def _raise_source_error(self) -> None:
        """Raise the source's error, once: a kept error would keep its frames alive."""
        source, self._source = self._source, None
        if source is not None and not source.cancelled():
            source.result()

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
