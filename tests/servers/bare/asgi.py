"""The application of the site without us: one route, and a socket that says hello."""

from django.core.asgi import get_asgi_application

http = get_asgi_application()  # sets Django up; imports of Channels come after it

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402


class Hello(AsyncWebsocketConsumer):
    """Says hello and stays."""

    channel_layer_alias = "no layer"

    async def connect(self):
        """Open the socket."""
        await self.accept()
        await self.send(text_data="hello")


application = ProtocolTypeRouter({"http": http, "websocket": Hello.as_asgi()})
