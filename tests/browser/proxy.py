"""A proxy that treats sockets as a cookie tells it to."""


def sockets(scope):
    """What the browser's ``sockets`` cookie says: ``refused``, ``silent``, nothing."""
    cookies = dict(scope["headers"]).get(b"cookie", b"").decode().split("; ")
    return next((c.partition("=")[2] for c in cookies if c.startswith("sockets=")), "")


async def refuse(receive, send):
    """The handshake is answered with 403, as by a proxy that knows no sockets."""
    await receive()
    await send({"type": "websocket.close"})
