"""Whether the session of a socket still names its owner; its store is asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from .. import submission
from ..conf import get_config
from ..core.clock import Clock, TimerHandle
from .error_log import log_error
from .owner import astored_owner_of

LOOK_SECONDS = 60.0


class SessionCheck:
    """Looks once in a while. All fields belong to the socket's loop."""

    def __init__(
        self,
        scope: Mapping[str, Any],
        owner: str,
        *,
        clock: Clock,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        on_kept: Callable[[], None],
        end: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Nothing happens before ``start``.

        Args:
            scope: The socket's, with the session.
            owner: The owner that the session named when the socket was opened.
            clock: Of the socket.
            spawn: Runs a coroutine as a task of the socket.
            on_kept: Called when the session still names the owner.
            end: Awaited when the session names the owner no longer.
        """
        self._scope = scope
        self._owner = owner
        self._clock = clock
        self._spawn = spawn
        self._on_kept = on_kept
        self._end = end
        self._timer: TimerHandle | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Look after a pause, and again and again."""
        # An open socket keeps its window, however short a window's life is.
        pause = min(LOOK_SECONDS, get_config().idle_seconds / 2)
        self._timer = self._clock.call_later(pause, self.look)

    def stop(self) -> None:
        """Look no more."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def look(self) -> None:
        """Look now, and after a pause again."""
        if not self._is_stopped:
            self._spawn(self._look_at_session())

    async def _look_at_session(self) -> None:
        try:
            owner = await astored_owner_of(self._scope)
        except Exception as error:
            # The store fails, which says nothing about the owner; it is asked again.
            log_error("a session could not be read", error, logging.WARNING)
            owner = self._owner
        if self._is_stopped:
            return
        if owner != self._owner:
            await self._end()
        else:
            await submission.keep_alive.acall(self._owner)
            self._on_kept()
            self.start()
