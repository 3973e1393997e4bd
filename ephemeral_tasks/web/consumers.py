"""The websocket of a visitor's table."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer

from .. import submission
from ..conf import get_config
from ..core.clock import Clock, LoopClock, TimerHandle
from ..errors import EphemeralTasksError
from . import (
    commands,
    origins,
    push,
)
from .owner import aowner_of, astored_owner_of
from .pages import Page
from .protocols import (
    JSON_SUBPROTOCOL,
    HtmlProtocol,
    JsonProtocol,
    Protocol,
)
from .refusals import refusal_of
from .rows import forget as forget_rows

logger = logging.getLogger("ephemeral_tasks")

TOO_BIG = 4413
TOO_MANY = 4429

MAX_MESSAGE_BYTES = 4096
MAX_COMMANDS_A_SECOND = 50
FRAME_SECONDS = 0.25
LOOK_SECONDS = 60.0


class TaskConsumer(AsyncWebsocketConsumer):
    """Shows an owner's window and takes commands; holds a state, never a queue.

    At most one task sends, and only while the client does not know all: it looks at
    the window, sends one frame, pauses, and looks again. Whatever happens meanwhile
    is in the next look, and a slow client slows nobody but itself.
    """

    # A name that no setting has: Channels then subscribes to no layer.
    channel_layer_alias = "ephemeral_tasks uses no channel layer"

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock: Clock = clock or LoopClock()
        self._commands: deque[float] = deque(maxlen=MAX_COMMANDS_A_SECOND)
        self._is_over = False
        self._is_sending = False
        self._owner = ""
        self._protocol: Protocol = HtmlProtocol(Page.current())
        self._tasks: set[asyncio.Task[None]] = set()
        self._sender: asyncio.Task[None] | None = None
        self._timer: TimerHandle | None = None
        self._unsubscribe: Callable[[], None] = _nothing

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket until it ends, however it ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stop()

    async def connect(self) -> None:
        """Refuse a foreign page, close on who has no owner, show the others theirs."""
        if not origins.is_own(self.scope):
            await self.close()  # before it was accepted: HTTP 403
            return
        self._protocol = _protocol_of(self.scope)
        await self.accept(self._protocol.subprotocol)
        # From here on a code that htmx does not answer by connecting again and again.
        owner = await aowner_of(self.scope, create=False)
        if owner is None:
            await self._close(push.OWNER_ENDED)
        elif push.count(owner) >= get_config().max_sockets_per_owner:
            await self._close(TOO_MANY)
        else:
            self._owner = owner
            self._unsubscribe = push.subscribe(owner, self)
            self._look_later()
            self.wake()

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        """Obey a command, or say why not."""
        if self._is_over:
            return
        if _size_of(text_data, bytes_data) > MAX_MESSAGE_BYTES:
            await self._close(TOO_BIG)
        elif self._is_flooded():
            await self._close(TOO_MANY)
        else:
            with self._protocol.page.activate():
                frames = await self._obey(text_data)
            for frame in frames:
                await self._send(frame)

    async def disconnect(self, code: int) -> None:
        """Leave nothing behind."""
        self._stop()

    def wake(self) -> None:
        """Send what the client does not know yet."""
        if self._is_over:
            return
        if self._is_sending:
            # It may never finish; what it has rendered must not wait for it.
            forget_rows(self._owner)
        if self._sender is None or self._sender.done():
            self._sender = self._spawn(self._send_changes())

    def end(self, code: int) -> None:
        """Close with this code; only a server that ends shows the last state first."""
        if not self._is_over:
            self._stop()
            is_last_shown = code == push.SERVICE_RESTART
            self._spawn(self._show_last(code) if is_last_shown else self._close(code))

    async def _send_changes(self) -> None:
        while (frame := self._protocol.next_frame(self._owner)) is not None:
            await self._send(frame)
            del frame
            await self._pause()

    async def _send(self, frame: str) -> None:
        if self._is_over:
            return
        self._is_sending = True
        try:
            await self.send(text_data=frame)
        except (OSError, RuntimeError):
            # So servers say, each in its way, that the client has just gone: an end
            # like any other, of which `disconnect` is about to hear, too.
            self._stop()
        finally:
            self._is_sending = False

    async def _obey(self, text: str | None) -> list[str]:
        message: dict[str, Any] = {}
        try:
            message = commands.parse(text)
            events = await commands.obey(self._owner, message)
        except EphemeralTasksError as error:
            refusal = refusal_of(error, owner=self._owner, id=commands.id_in(message))
            return [self._protocol.error(refusal, message.get("request"))]
        return self._protocol.answers(events, message.get("request"))

    def _is_flooded(self) -> bool:
        now = self._clock.time()
        recent = self._commands
        is_flooded = len(recent) == recent.maxlen and now - recent[0] < 1.0
        recent.append(now)
        return is_flooded

    async def _pause(self) -> None:
        done = asyncio.Event()
        self._clock.call_later(FRAME_SECONDS, done.set)
        await done.wait()

    def _look_later(self) -> None:
        # An open socket keeps its window, however short a window's life is.
        pause = min(LOOK_SECONDS, get_config().idle_seconds / 2)
        self._timer = self._clock.call_later(pause, self._look)

    def _look(self) -> None:
        if not self._is_over:
            self._spawn(self._look_at_session())

    async def _look_at_session(self) -> None:
        """End the socket when its session no longer names its owner."""
        if await astored_owner_of(self.scope) != self._owner:
            await self._close(push.OWNER_ENDED)
        elif not self._is_over:
            submission.window(self._owner)
            self._look_later()

    async def _show_last(self, code: int) -> None:
        while (frame := self._protocol.next_frame(self._owner)) is not None:
            await self.send(text_data=frame)
        await self._close(code)

    async def _close(self, code: int) -> None:
        self._stop()
        await self.close(code)

    def _stop(self) -> None:
        self._is_over = True
        self._unsubscribe()
        if self._timer is not None:
            self._timer.cancel()
        if self._sender is not None:
            self._sender.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._is_over:
            logger.error("a socket of a table failed", exc_info=error)
            self.end(1011)


def _protocol_of(scope: dict[str, Any]) -> Protocol:
    query = parse_qs(scope.get("query_string", b"").decode("latin1"))
    page = Page.unsign(query.get("page", [None])[0])
    is_json = JSON_SUBPROTOCOL in scope.get("subprotocols", ())
    return JsonProtocol(page) if is_json else HtmlProtocol(page)


def _size_of(text: str | None, data: bytes | None) -> int:
    if text is not None:
        return len(text) if len(text) > MAX_MESSAGE_BYTES else len(text.encode())
    return len(data or b"")


def _nothing() -> None:
    pass
