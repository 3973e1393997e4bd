"""The site with its sockets; a switch loses whatever is pushed over them."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.servers.site.settings")

from ephemeral_tasks.asgi import get_asgi_application

site = get_asgi_application()


async def silenced(scope, receive, send):
    """The site, whose sockets open and never say a word."""

    async def silent(message):
        if message["type"] != "websocket.send":
            await send(message)

    await site(scope, receive, silent)


async def named(scope, receive, send):
    """The site, whose accepted sockets name the process that serves them."""

    async def send_named(message):
        if message["type"] == "websocket.accept":
            name = (b"x-process", str(os.getpid()).encode())
            message = message | {"headers": [*message.get("headers", ()), name]}
        await send(message)

    await site(scope, receive, send_named)


application = silenced if os.environ.get("SITE_LOSES_PUSHES") == "1" else named
