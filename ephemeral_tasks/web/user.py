"""The user behind a request or a socket."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from django.contrib.auth import get_user
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

Source = HttpRequest | Mapping[str, Any]
"""A request, or what wraps one and has its attributes; or the scope of a websocket."""


def with_user(scope: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a socket's scope with its ``user``, who is looked up when asked for.

    The looking blocks, so it belongs in a thread. Our route loads no user, since most
    sockets never need one; a site's ``AuthMiddlewareStack`` may have done so.
    """
    if "user" in scope:
        return scope
    # What Django asks for of a request is its session.
    request = cast("HttpRequest", SimpleNamespace(session=scope["session"]))
    return {**scope, "user": SimpleLazyObject(partial(get_user, request))}
