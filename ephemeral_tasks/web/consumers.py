"""The websocket of a visitor's table."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from .. import submission
from ..core.clock import Clock, LoopClock
from ..errors import EphemeralTasksError, Unreachable
from ..machine import conversation
from . import commands, connections, origins, push, session_sockets
from .error_log import log_error
from .message_bounds import MessageRate, is_too_large
from .outbox import Outbox
from .owner import afind_owner
from .protocols import Protocol, make_protocol
from .refusals import arefusal_of
from .rows import forget as forget_rows
from .session_check import SessionCheck
from .socket_tasks import SocketTasks, pause
from .watches import Watches

TOO_BIG = 4413
TOO_MANY = 4429

FRAME_SECONDS = 0.25


class TaskConsumer(AsyncWebsocketConsumer):
    """Shows an owner's window and takes commands; holds a state, never a queue.

    At most one task sends, and only while the client lacks a change: it reads the
    window, sends the changes, pauses, and reads again. Changes meanwhile are in the
    next turn, and a slow client slows no other. All fields belong to the socket's
    loop.
    """

    # A name that no setting has: Channels then subscribes to no layer.
    channel_layer_alias = "ephemeral_tasks uses no channel layer"

    _protocol: Protocol
    _outbox: Outbox
    _watches: Watches

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock: Clock = clock or LoopClock()
        self._rate = MessageRate(self._clock)
        self._is_over = False
        self._is_unclosable = False  # it is open, and closing it has failed
        self._is_dropped = False
        self._owner = ""
        self._sending = 0  # calls of `send` that have not returned
        self._application: asyncio.Task[Any] | None = None
        self._spawn = SocketTasks(self._fail).spawn
        self._sender: asyncio.Task[None] | None = None
        self._is_woken = False  # since the sender began to look
        self._is_rotated = False  # while it was counted
        self._place: connections.Place | None = None
        self._check: SessionCheck | None = None
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
        except Exception as error:  # of a command or a form, too
            self._fail(error)

    async def connect(self) -> None:
        """Reject other origins (403), close without an owner (4401), else send all."""
        if not origins.is_own(self.scope):
            await self.close()  # before it was accepted: HTTP 403
            return
        self._protocol = make_protocol(self.scope)
        self._outbox = Outbox(self._protocol, self._send)
        self._watches = Watches(
            self._protocol.page, send=self._send, spawn=self._spawn, clock=self._clock
        )
        await self.accept(self._protocol.subprotocol)
        # From here on a close has a code, which a lost connection has not.
        # First of all: a logout may come while the owner is looked up.
        self._forget_session = session_sockets.subscribe(self.scope, self.leave)
        owner = await afind_owner(self.scope)
        if owner is None:
            await self._close(push.OWNER_ENDED)
        elif not self._is_over:
            await self._begin(owner)

    async def _begin(self, owner: str) -> None:
        """Show the owner's window from now on."""
        self._owner = owner
        # Before anything is awaited: the owner may end meanwhile.
        self._unsubscribe = push.subscribe(owner, self)
        place = await connections.take(owner)
        if place is None:
            await self._close(TOO_MANY)
        elif self._is_over:  # since then
            place.release()
        else:
            self._place = place
            self._check_session()
            if not self._is_rotated:
                self.wake()

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        """Obey a command, or send the refusal."""
        if self._is_over:
            return
        if is_too_large(text_data, bytes_data):
            await self._close(TOO_BIG)
        elif self._rate.is_exceeded():
            await self._close(TOO_MANY)
        else:
            with self._protocol.page.activate():
                await self._obey(text_data)

    async def disconnect(self, code: int) -> None:
        """Leave nothing behind."""
        self._stop()

    def wake(self) -> None:
        """Send the changes that the client lacks."""
        if self._is_over or self._place is None:
            return
        self._is_woken = True
        if self._sending:
            # The send may hang; do not keep its rendered rows in memory meanwhile.
            forget_rows(self._owner)
        if self._sender is None or self._sender.done():
            self._sender = self._spawn(self._send_changes())

    def end(self, code: int) -> None:
        """Close with this code; when the server ends, the last state is sent first."""
        if self._is_over:
            return
        if self._place is None and code == push.SESSION_ROTATED:
            self._is_rotated = True  # with this socket's session, or to it
            return
        self._stop()
        if code == push.OWNER_ENDED:
            # A command of this socket may have come between the owner's end and this.
            with suppress(Exception):  # the cache's: a socket must end in any case
                submission.end_owner.post(self._owner)
        is_last_shown = code == push.SERVICE_RESTART
        self._spawn(self._show_last(code) if is_last_shown else self._close(code))

    def leave(self, code: int) -> None:
        """Close with this code; the owner lives on."""
        if not self._is_over:
            self._stop()
            self._spawn(self._close(code))

    async def _send_changes(self) -> None:
        """Send turns until none is due; a turn has all changes since the last one."""
        while self._is_woken:
            # Before the look: a change that is announced while the window is on its
            # way from another process may be later than what comes.
            self._is_woken = False
            if await self._outbox.send_turn(self._owner):
                self._is_woken = True
                await pause(self._clock, FRAME_SECONDS)

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

    async def _obey(self, text: str | None) -> None:
        """Carry out a command and send what answers it."""
        message: dict[str, Any] = {}
        try:
            message = commands.parse(text)
            if self._watches.obey(self._owner, message):
                return
            with conversation.hold():
                events = await commands.obey(
                    self._owner,
                    message,
                    scope=self.scope,
                    is_over=lambda: self._is_over,
                )
        except EphemeralTasksError as error:
            id = commands.id_in(message)
            refusal = await arefusal_of(error, self._owner, id)
            frame = self._protocol.encode_refusal(refusal, message.get("request"))
            await self._outbox.send_answer(lambda: [frame])
        else:
            request = message.get("request")
            await self._outbox.send_answer(
                lambda: self._protocol.encode_events(events, request)
            )

    def _check_session(self) -> None:
        self._check = SessionCheck(
            self.scope,
            self._owner,
            clock=self._clock,
            spawn=self._spawn,
            on_kept=self.wake,  # time alone may have changed a row's words
            end=lambda: self._close(push.OWNER_ENDED),
        )
        if self._is_rotated:
            self._check.look()  # it shows nothing before
        else:
            self._check.start()

    async def _show_last(self, code: int) -> None:
        for frame in await self._outbox.take_last(self._owner):
            await self.send(text_data=frame)
        await self._close(code)

    async def _close(self, code: int) -> None:
        self._stop()
        try:
            await self.close(code)
        except (OSError, RuntimeError):  # the client has just gone, as in `_send`
            self._drop()
        except Exception as error:  # of the server's: its connection is dropped
            log_error("a socket of a table could not be closed", error)
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
        if self._place is not None:
            self._place.release()
            self._place = None
        if self._check is not None:
            self._check.stop()
            self._watches.close()
        if self._sender is not None:
            self._sender.cancel()

    def _fail(self, error: BaseException) -> None:
        """Close with a code on which pages connect again, and poll meanwhile."""
        if self._is_over:
            return
        if not isinstance(error, Unreachable):
            log_error("a socket of a table failed", error)
        self.end(push.FAILED)


def _do_nothing() -> None:
    pass
