"""The sites with their static files; a cookie may refuse the sockets."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.browser.sites.settings")

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler

from ephemeral_tasks.asgi import get_asgi_application
from tests.browser.proxy import refuse, sockets

site = get_asgi_application()
with_files = ASGIStaticFilesHandler(site)


async def application(scope, receive, send):
    """The site, with its sockets as they are or refused."""
    if scope["type"] == "websocket" and sockets(scope) == "refused":
        await refuse(receive, send)
    elif scope["type"] == "http":
        await with_files(scope, receive, send)
    else:
        await site(scope, receive, send)
