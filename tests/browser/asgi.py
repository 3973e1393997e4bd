"""The demo's application behind a proxy that treats sockets as a cookie tells it to."""

import asyncio
from collections import Counter

from demo_site.asgi import application as demo
from tests.browser.proxy import cookie_header, refuse, sockets

has_refused = asyncio.Event()
"""Set when a socket was closed because its cookie names no owner."""

failures = Counter()
"""How often sockets of a session were failed, by the cookie header."""


def silenced(send):
    """Opens the socket and loses whatever is pushed over it."""

    async def silent(message):
        if message["type"] != "websocket.send":
            await send(message)

    return silent


def failing(scope, send):
    """Closes a session's first two sockets with the code of an error of ours."""

    async def fail_first(message):
        cookies = cookie_header(scope)
        if message["type"] == "websocket.send" and failures[cookies] < 2:
            failures[cookies] += 1
            message = {"type": "websocket.close", "code": 4500}
        await send(message)

    return fail_first


def noting(send):
    """Notes that a socket was closed because its cookie names no owner."""

    async def note(message):
        if message["type"] == "websocket.close" and message.get("code") == 4401:
            has_refused.set()
        await send(message)

    return note


def delayed(send):
    """Holds an answer back until a socket has come with the former cookie."""

    async def delay(message):
        if message["type"] == "http.response.start":
            await has_refused.wait()
        await send(message)

    return delay


async def application(scope, receive, send):
    """The demo, with its sockets as the cookie says."""
    is_socket = scope["type"] == "websocket"
    mood = "" if scope["type"] == "lifespan" else sockets(scope)
    if is_socket and mood == "refused":
        await refuse(receive, send)
        return
    if is_socket:
        wraps = {"silent": silenced, "late": noting}
        send = failing(scope, send) if mood == "failing" else send
        send = wraps[mood](send) if mood in wraps else send
    elif mood == "late" and scope["method"] == "POST" and "login" in scope["path"]:
        send = delayed(send)
    await demo(scope, receive, send)
