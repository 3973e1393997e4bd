"""The outputs that a socket's client watches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ..core.clock import Clock
from ..errors import UnknownOperation
from .pages import Page
from .pieces import Piece, Place, aread, await_more
from .refusals import refusal_of
from .socket_tasks import pause

PAUSE_SECONDS = 0.1
"""Between two messages about one output."""

Send = Callable[[str], Awaitable[None]]
Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class Watches:
    """Each watched output, with an asyncio task that sends what is new of it.

    A task remembers a place, never a text: while its client takes a message slowly,
    what is written meanwhile waits in the operation alone. All fields belong to the
    socket's loop.
    """

    def __init__(self, page: Page, *, send: Send, spawn: Spawn, clock: Clock) -> None:
        self._page = page
        self._send = send
        self._spawn = spawn
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._sent_at: dict[str, float] = {}

    def obey(self, owner: str, message: dict[str, Any]) -> bool:
        """Return whether the message was about watching; then it was obeyed.

        Raises:
            InvalidInput: The place has a number that is none.
        """
        match message:
            case {"type": "watch", "id": str(id)}:
                self._start(owner, id, Place.of(message), message.get("request"))
            case {"type": "unwatch", "id": str(id)}:
                self._stop(id)
            case _:
                return False
        return True

    def close(self) -> None:
        """Watch nothing any more."""
        for id in tuple(self._tasks):
            self._stop(id)

    def _start(self, owner: str, id: str, place: Place, request: object) -> None:
        """Watch from the place on, and no longer from another one."""
        self._stop(id)
        now = self._clock.time()
        recent = {one: at for one, at in self._sent_at.items() if _is_recent(at, now)}
        self._sent_at = recent
        task = self._spawn(self._follow(owner, id, place, request))
        self._tasks[id] = task
        task.add_done_callback(lambda task: self._forget(id, task))

    def _stop(self, id: str) -> None:
        task = self._tasks.pop(id, None)
        if task is not None:
            task.cancel()

    def _forget(self, id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(id) is task:
            del self._tasks[id]

    async def _follow(self, owner: str, id: str, place: Place, request: object) -> None:
        try:
            await self._pause(id)  # a client that asks again and again gets no more
            next_place = await self._send_piece(await aread(owner, id, place), request)
            while next_place is not None:
                await self._pause(id)
                piece = await self._await_news(owner, id, next_place)
                next_place = await self._send_piece(piece)
                del piece  # its text: the next one may be long in coming
        except UnknownOperation as error:
            await self._send(self._encode_end(error, id, request))

    async def _await_news(self, owner: str, id: str, place: Place) -> Piece:
        while not (piece := await await_more(owner, id, place)).is_news(place):
            pass
        return piece

    async def _send_piece(self, piece: Piece, request: object = None) -> Place | None:
        """Send a piece and return the place of the next one; None after the last."""
        await self._send(_encode({"type": "output", **piece.as_json()}, request))
        self._sent_at[piece.id] = self._clock.time()
        return None if piece.is_last else piece.next_place

    def _encode_end(self, error: UnknownOperation, id: str, request: object) -> str:
        with self._page.activate():
            refusal = refusal_of(error).as_json()
            return _encode({"type": "error", **refusal, "id": id}, request)

    async def _pause(self, id: str) -> None:
        seconds = self._sent_at.get(id, 0.0) + PAUSE_SECONDS - self._clock.time()
        if seconds > 0:
            await pause(self._clock, seconds)


def _is_recent(at: float, now: float) -> bool:
    return now - at < PAUSE_SECONDS


def _encode(document: dict[str, Any], request: object) -> str:
    return json.dumps(document if request is None else {**document, "request": request})
