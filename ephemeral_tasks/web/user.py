"""The user behind a request or a socket."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from django.contrib.auth import SESSION_KEY, get_user
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

Source = HttpRequest | Mapping[str, Any]
"""A request, or what wraps one and has its attributes; or the scope of a websocket."""


def user_of(source: Source) -> Any:
    """Return the user, None for a request that has none; may block.

    A socket's is looked up each time: since it connected, the user may have been
    deactivated or may have lost a permission.
    """
    if not isinstance(source, Mapping):
        return getattr(source, "user", None)
    if SESSION_KEY not in source["session"] and "user" in source:
        return source["user"]  # of a middleware of the site's own
    # What Django asks for of a request is its session.
    return get_user(cast("HttpRequest", SimpleNamespace(session=source["session"])))


def refresh_session(source: Source, session: Any) -> Mapping[str, Any]:
    """Return a scope with a session that was read anew, which alone names the user.

    Only where the session named none before, the user is a middleware's of the site.
    """
    if isinstance(source, Mapping) and SESSION_KEY not in source["session"]:
        return {**source, "session": session}
    return {"session": session}


def with_user(scope: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a socket's scope with its ``user``, who is looked up when asked for."""
    return {**scope, "user": SimpleLazyObject(partial(user_of, scope))}
