"""Our own application, and beside it the sockets that are compared."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.site.settings")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from ephemeral_tasks.asgi import with_lifespan  # noqa: E402
from ephemeral_tasks.routing import websocket_urlpatterns  # noqa: E402

from .sockets import InLayer, InRegistry  # noqa: E402

sockets = URLRouter(
    [
        *websocket_urlpatterns,
        path("registry/", InRegistry.as_asgi()),
        path("layer/", InLayer.as_asgi()),
    ]
)
application = with_lifespan(ProtocolTypeRouter({"http": http, "websocket": sockets}))
