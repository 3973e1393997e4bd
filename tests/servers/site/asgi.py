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


application = silenced if os.environ.get("SITE_LOSES_PUSHES") == "1" else site
