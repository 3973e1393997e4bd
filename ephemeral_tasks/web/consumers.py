"""The websocket of a visitor's table."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from traceback import format_exception
from typing import Any
from urllib.parse import parse_qs

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from .. import submission
from ..conf import get_config
from ..core.clock import Clock, LoopClock, TimerHandle
from ..errors import EphemeralTasksError
from ..pool.log import class_of, place_of
from . import commands, origins, push, session_sockets
from .owner import afind_owner, astored_owner_of
from .pages import Page
from .protocols import JSON_SUBPROTOCOL, HtmlProtocol, JsonProtocol, Protocol
from .refusals import refusal_of
from .rows import forget as forget_rows

logger = logging.getLogger("ephemeral_tasks")

FAILED = 4500
TOO_BIG = 4413
TOO_MANY = 4429

MAX_MESSAGE_BYTES = 4096
MAX_COMMANDS_A_SECOND = 50
FRAME_SECONDS = 0.25
LOOK_SECONDS = 60.0


class TaskConsumer(AsyncWebsocketConsumer):
    """Shows an owner's window and takes commands; holds a state, never a queue.

    At most one task sends, and only while the client lacks a change: it reads the
    window, sends the changes, pauses, and reads again. Changes meanwhile are in the
    next round, and a slow client slows no other. All fields belong to the socket's
    loop.
    """

    # A name that no setting has: Channels then subscribes to no layer.
    channel_layer_alias = "ephemeral_tasks uses no channel layer"

    _protocol: Protocol

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock: Clock = clock or LoopClock()
        self._commands: deque[float] = deque(maxlen=MAX_COMMANDS_A_SECOND)
        self._is_over = False
        self._is_unclosable = False  # it is open, and closing it has failed
        self._is_dropped = False
        self._owner = ""
        self._sending = 0  # calls of `send` that have not returned
        self._application: asyncio.Task[Any] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sender: asyncio.Task[None] | None = None
        self._timer: TimerHandle | None = None
        self._unsubscribe: Callable[[], None] = _do_nothing
        self._forget_session: Callable[[], None] = _do_nothing

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket until it ends, however it ends."""
        self._application = asyncio.current_task()
        try:
            await super().__call__(scope, receive, send)
        except asyncio.CancelledError:
            if not self._is_dropped:
                raise
            if self._is_unclosable:
                # Every server drops the connection of an application that raises;
                # Daphne keeps that of one that returns or is cancelled.
                raise RuntimeError("the socket could not be closed") from None
        finally:
            self._stop()

    async def dispatch(self, message: Any) -> None:
        """Handle one message of the server; an error closes the socket."""
        try:
            await super().dispatch(message)
        except StopConsumer:
            raise
        except Exception as error:
            self._fail(error)

    async def connect(self) -> None:
        """Reject other origins (403), close without an owner (4401), else send all."""
        if not origins.is_own(self.scope):
            await self.close()  # before it was accepted: HTTP 403
            return
        self._protocol = _protocol_of(self.scope)
        await self.accept(self._protocol.subprotocol)
        # From here on a close has a code, which a lost connection has not.
        # First of all: a logout may come while the owner is looked up.
        self._forget_session = session_sockets.subscribe(self.scope, self.leave)
        owner = await afind_owner(self.scope)
        if owner is None:
            await self._close(push.OWNER_ENDED)
        elif self._is_over:
            return
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
        """Obey a command, or send the refusal."""
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
        """Send the changes that the client lacks."""
        if self._is_over:
            return
        if self._sending:
            # The send may hang; do not keep its rendered rows in memory meanwhile.
            forget_rows(self._owner)
        if self._sender is None or self._sender.done():
            self._sender = self._spawn(self._send_changes())

    def end(self, code: int) -> None:
        """Close with this code; when the server ends, the last state is sent first."""
        if self._is_over:
            return
        self._stop()
        if code == push.OWNER_ENDED and submission.window(self._owner):
            # A command of this socket came between the owner's end and this call.
            submission.end_owner(self._owner)
        is_last_shown = code == push.SERVICE_RESTART
        self._spawn(self._show_last(code) if is_last_shown else self._close(code))

    def leave(self, code: int) -> None:
        """Close with this code; the owner lives on."""
        if not self._is_over:
            self._stop()
            self._spawn(self._close(code))

    async def _send_changes(self) -> None:
        """Send rounds until none is due; a round has all changes since the last one."""
        while frames := self._protocol.take_changes(self._owner):
            while frames:
                await self._send(frames.pop(0))
            await self._pause()

    async def _send(self, frame: str) -> None:
        if self._is_over:
            return
        self._sending += 1
        try:
            await self.send(text_data=frame)
        except (OSError, RuntimeError):
            # Servers raise these, each its own, when the client has just gone;
            # `disconnect` is about to be called.
            self._stop()
        finally:
            self._sending -= 1

    async def _obey(self, text: str | None) -> list[str]:
        message: dict[str, Any] = {}
        try:
            message = commands.parse(text)
            events = await commands.obey(
                self._owner, message, scope=self.scope, is_over=lambda: self._is_over
            )
        except EphemeralTasksError as error:
            refusal = refusal_of(error, owner=self._owner, id=commands.id_in(message))
            return [self._protocol.encode_refusal(refusal, message.get("request"))]
        return self._protocol.encode_events(events, message.get("request"))

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
        try:
            owner = await astored_owner_of(self.scope)
        except Exception as error:
            # The store fails, which says nothing about the owner; it is asked again.
            _log("a session could not be read", error, logging.WARNING)
            owner = self._owner
        if self._is_over:
            return
        if owner != self._owner:
            await self._close(push.OWNER_ENDED)
        else:
            submission.window(self._owner)
            self._look_later()

    async def _show_last(self, code: int) -> None:
        for frame in self._protocol.take_changes(self._owner):
            await self.send(text_data=frame)
        await self._close(code)

    async def _close(self, code: int) -> None:
        self._stop()
        try:
            await self.close(code)
        except (OSError, RuntimeError):  # the client has just gone, as in `_send`
            self._drop()
        except Exception as error:
            _log("a socket of a table could not be closed", error)
            self._is_unclosable = True
            self._drop()

    def _drop(self) -> None:
        """End the application, so that the server drops the connection."""
        self._is_dropped = True
        if self._application is not None:
            self._application.cancel()

    def _stop(self) -> None:
        self._is_over = True
        self._unsubscribe()
        self._forget_session()
        if self._timer is not None:
            self._timer.cancel()
        if self._sender is not None:
            self._sender.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_finished)
        return task

    def _on_finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Close with a code on which pages connect again, and poll meanwhile."""
        if not self._is_over:
            _log("a socket of a table failed", error)
            self.end(FAILED)


def _protocol_of(scope: dict[str, Any]) -> Protocol:
    query = parse_qs(scope.get("query_string", b"").decode("latin1"))
    page = Page.unsign(query.get("page", [None])[0])
    is_json = JSON_SUBPROTOCOL in scope.get("subprotocols", ())
    return JsonProtocol(page) if is_json else HtmlProtocol(page)


def _size_of(text: str | None, data: bytes | None) -> int:
    if text is not None:
        return len(text) if len(text) > MAX_MESSAGE_BYTES else len(text.encode())
    return len(data or b"")


def _log(what: str, error: BaseException, level: int = logging.ERROR) -> None:
    # As text: a record that holds the error would keep its frames, and with them the
    # table's HTML, alive.
    logger.log(level, "%s error=%s at=%s", what, class_of(error), place_of(error))
    if get_config().log_errors:
        logger.log(level, "%s traceback:\n%s", what, "".join(format_exception(error)))


def _do_nothing() -> None:
    pass
