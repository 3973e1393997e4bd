"""The opaque key of a visitor, kept inside their session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast, overload

from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ImproperlyConfigured
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.asyncio import async_unsafe

from .. import submission
from .first_click import first_clicks

# Never the session's own key: that is None before the first save and changes with
# each login, and for signed cookies with each save.
SESSION_KEY = "_ephemeral_tasks_owner"

Source = HttpRequest | Mapping[str, Any]
"""A request, or what wraps one and has its attributes; or the scope of a websocket."""


@overload
def owner_of(request: Source, create: Literal[True] = True) -> str: ...
@overload
def owner_of(request: Source, create: bool) -> str | None: ...
def owner_of(request: Source, create: bool = True) -> str | None:
    """Return the owner key of a request or scope, made if there was none.

    Args:
        request: With a session.
        create: False to look only; the answer is None for who never submitted.

    Raises:
        SynchronousOnlyOperation: In an async view the session is not loaded yet;
            ``await aowner_of(request)`` first.
        RuntimeError: A websocket has no owner and cannot make one.
    """
    session = _session_of(request)
    if isinstance(session, SessionBase) and not hasattr(session, "_session_cache"):
        _load(session)
    owner = session.get(SESSION_KEY)
    if owner is None and create:
        owner = session[SESSION_KEY] = candidate(request)
    return cast("str | None", owner)


# Also for who has no session yet and for stores that would not mind: or a page would
# fail for returning visitors alone.
@async_unsafe(
    "the session is not loaded: in an async view call "
    "`await aowner_of(request, create=False)` before owner_of() and before "
    "a template that uses the tags of ephemeral_tasks"
)
def _load(session: SessionBase) -> None:
    session.get(SESSION_KEY)


@overload
async def aowner_of(request: Source, create: Literal[True] = True) -> str: ...
@overload
async def aowner_of(request: Source, create: bool) -> str | None: ...
async def aowner_of(request: Source, create: bool = True) -> str | None:
    """Return the owner key of a request or scope; the async twin of ``owner_of``."""
    owner = await _session_of(request).aget(SESSION_KEY)
    if owner is None and create:
        owner = candidate(request)
        await akeep(request, owner)
    return cast("str | None", owner)


async def akeep(request: Source, owner: str) -> None:
    """Write a new owner into the session."""
    await _session_of(request).aset(SESSION_KEY, owner)


async def astored_owner_of(scope: Source) -> str | None:
    """Return the owner that the session's store names now, whatever was loaded."""
    session = _session_of(scope)
    fresh = session.__class__(session.session_key)
    return cast("str | None", await fresh.aget(SESSION_KEY))


def candidate(request: Source, form_key: str | None = None) -> str:
    """Return a key for a visitor without one; nothing is stored yet.

    Args:
        request: No websocket, which could not keep it.
        form_key: The one-time key of the form that was sent: its second click gets
            the same owner. Two other first submissions at once get one each, and what
            the losing one started ends with its idleness.
    """
    if isinstance(request, Mapping):
        raise RuntimeError(
            "a websocket cannot make an owner: the first submission comes over HTTP"
        )
    return first_clicks.owner_for(form_key, request.META.get("CSRF_COOKIE"))


@receiver(user_logged_out, dispatch_uid="ephemeral_tasks.web.owner")
def _end_owner(request: HttpRequest | None = None, **kwargs: object) -> None:
    """Drop an owner at logout; the session still names it when this is called."""
    # Channels' logout() has no request; its sockets find out from the store.
    if request is None or not hasattr(request, "session"):
        return
    owner = request.session.get(SESSION_KEY)
    if owner is not None:
        first_clicks.forget(owner)
        submission.end_owner(owner)


def _session_of(request: Source) -> SessionBase:
    if isinstance(request, Mapping):
        session = request.get("session")
    else:
        session = getattr(request, "session", None)
    if session is None:
        raise ImproperlyConfigured(
            "an owner lives in the session: add "
            "django.contrib.sessions.middleware.SessionMiddleware to MIDDLEWARE, or "
            "channels.sessions.SessionMiddlewareStack around your consumers"
        )
    return cast("SessionBase", session)
