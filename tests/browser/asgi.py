"""The demo's application behind a proxy that treats sockets as a cookie tells it to."""

from demo_site.asgi import application as demo
from tests.browser.proxy import refuse, sockets


def silenced(send):
    """Opens the socket and loses whatever is pushed over it."""

    async def silent(message):
        if message["type"] != "websocket.send":
            await send(message)

    return silent


async def application(scope, receive, send):
    """The demo, with its sockets as they are, refused, or silent."""
    mood = sockets(scope) if scope["type"] == "websocket" else ""
    if mood == "refused":
        await refuse(receive, send)
    else:
        await demo(scope, receive, silenced(send) if mood == "silent" else send)
