"""The demo as an ASGI application: pages, the live table's socket, a clean end."""

import os

from ephemeral_tasks.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo_site.settings")

application = get_asgi_application()
