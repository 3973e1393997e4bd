"""The websocket's route."""

from channels.security.websocket import WebsocketDenier
from channels.sessions import SessionMiddlewareStack
from django.urls import path

from .consumers import TaskConsumer
from .pages import SOCKET_PATH

# A session that the site's own stack has loaded is passed through.
websocket_urlpatterns = [
    path(SOCKET_PATH, SessionMiddlewareStack(TaskConsumer.as_asgi())),
]

refuse = WebsocketDenier.as_asgi()
"""Answers any other path with 403; a URLRouter alone would raise an error."""
