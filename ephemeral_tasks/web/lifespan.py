"""ASGI lifespan: at shutdown accepted work is drained, then sockets are closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .. import pool

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def with_lifespan(application: Application) -> Application:
    """Return an ASGI application that answers ``lifespan`` and passes on the rest.

    At shutdown the pool accepts nothing more and drains within its own bound; the
    server's loop goes on meanwhile.
    """

    async def with_drain(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _answer_lifespan(receive, send)
        else:
            await application(scope, receive, send)

    return with_drain


async def _answer_lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            # The pool starts with the first submission, not with the server.
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await _shut_down()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _shut_down() -> None:
    from . import push

    # It blocks, and the server's loop must not; the loop's own executor may be full of
    # calls that requests have left there.
    executor = ThreadPoolExecutor(1)
    try:
        await asyncio.get_running_loop().run_in_executor(executor, pool.drain)
    finally:
        executor.shutdown(wait=False)
    push.close_all()
