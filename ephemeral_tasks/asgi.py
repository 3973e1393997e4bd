"""HTTP, the websocket route and draining at shutdown, in one application."""

from __future__ import annotations

from django.conf import settings
from django.core.asgi import get_asgi_application as get_django_application

from .web.lifespan import Application, Receive, Scope, Send, with_lifespan

__all__ = ["get_asgi_application", "with_lifespan"]


def get_asgi_application() -> Application:
    """Return the whole site: what Django serves, and the websocket of the tables.

    A Channels project of its own takes ``routing.websocket_urlpatterns`` and
    ``with_lifespan(application)`` instead.
    """
    application = get_django_application()  # sets Django up; imports come after it

    from channels.routing import ProtocolTypeRouter, URLRouter
    from django.urls import re_path

    from .routing import refuse, websocket_urlpatterns

    sockets = URLRouter([*websocket_urlpatterns, re_path("", refuse)])
    router = ProtocolTypeRouter(
        {"http": application, "websocket": _strip_script_name(sockets)}
    )
    return with_lifespan(router)


def _strip_script_name(application: Application) -> Application:
    """Route below the script name as Django's own HTTP handler does.

    It is ``FORCE_SCRIPT_NAME``, or the server's root path, which a proxy may have
    taken away from the path already.
    """

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        prefix = (settings.FORCE_SCRIPT_NAME or "").rstrip("/")
        root_path = scope.get("root_path") or prefix
        if not scope["path"].startswith(root_path.rstrip("/") + "/"):
            root_path = ""
        scope = {**scope, "root_path": root_path}
        await application(scope, receive, send)

    return route
