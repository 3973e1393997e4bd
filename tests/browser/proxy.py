"""A proxy that treats sockets as a cookie tells it to."""


def sockets(scope):
    """What the browser's ``sockets`` cookie says: ``refused``, ``silent``, ``failing``,
    ``late`` or nothing.
    """
    cookies = cookie_header(scope).split("; ")
    return next((c.partition("=")[2] for c in cookies if c.startswith("sockets=")), "")


def cookie_header(scope):
    """What the browser's cookies are."""
    return dict(scope["headers"]).get(b"cookie", b"").decode()


async def refuse(receive, send):
    """The handshake is answered with 403, as by a proxy that knows no sockets."""
    await receive()
    await send({"type": "websocket.close"})
