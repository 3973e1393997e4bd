"""The demo's ASGI application: HTTP, the table's websocket, draining at shutdown."""

import os

from ephemeral_tasks.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo_site.settings")

application = get_asgi_application()
