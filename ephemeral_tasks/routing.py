"""``websocket_urlpatterns``, for a Channels project's own URLRouter."""

from .web.routing import refuse, websocket_urlpatterns

__all__ = ["refuse", "websocket_urlpatterns"]
