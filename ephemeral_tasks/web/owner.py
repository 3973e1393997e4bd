"""The opaque key of a visitor, kept inside their session."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from django.contrib.auth.signals import user_logged_out
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.crypto import get_random_string

from .. import submission

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

# Never the session's own key: that is None before the first save and changes with
# each login, and for signed cookies with each save.
SESSION_KEY = "_ephemeral_tasks_owner"

Source = HttpRequest | Mapping[str, Any]
"""A request, or the scope of a websocket."""


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
        SynchronousOnlyOperation: The session is not loaded yet and cannot be from an
            async view; ``await aowner_of(request)`` first.
        RuntimeError: A websocket has no owner and cannot make one.
    """
    session = _session_of(request)
    try:
        owner = session.get(SESSION_KEY)
    except SynchronousOnlyOperation as error:
        raise SynchronousOnlyOperation(
            "the session is not loaded: in an async view call "
            "`await aowner_of(request, create=False)` before owner_of() and before "
            "a template that uses the tags of ephemeral_tasks"
        ) from error
    if owner is None and create:
        owner = session[SESSION_KEY] = candidate(request)
    return cast("str | None", owner)


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


def candidate(request: Source) -> str:
    """Return a new key for a visitor without one; nothing is stored yet.

    Two first submissions at once, as by a double click, bring no session that could
    name an owner to both. They do bring the same CSRF cookie, which no other browser
    has: within ten seconds it gets the same key.
    """
    if not isinstance(request, HttpRequest):
        raise RuntimeError(
            "a websocket cannot make an owner: the first submission comes over HTTP"
        )
    return _newcomers.owner_for(request.META.get("CSRF_COOKIE"))


class _Newcomers:
    """The keys given out in the last seconds, by CSRF secret."""

    SECONDS = 10.0
    SIZE = 1000

    def __init__(self) -> None:
        self._lock = Lock()  # protects the next line
        self._given: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def owner_for(self, secret: str | None) -> str:
        """Return the key given to this browser just now, or a new one."""
        owner = get_random_string(32)
        if not secret:
            return owner
        now = time.monotonic()
        with self._lock:
            self._forget_before(now - self.SECONDS)
            return self._given.setdefault(secret, (now, owner))[1]

    def forget(self, owner: str) -> None:
        """Give this key to nobody any more."""
        with self._lock:
            for secret, (_, given) in list(self._given.items()):
                if given == owner:
                    del self._given[secret]

    def _forget_before(self, instant: float) -> None:
        while self._given:
            given_at = next(iter(self._given.values()))[0]
            if given_at >= instant and len(self._given) < self.SIZE:
                break
            self._given.popitem(last=False)


_newcomers = _Newcomers()


@receiver(user_logged_out, dispatch_uid="ephemeral_tasks.web.owner")
def _end_owner(request: HttpRequest | None = None, **kwargs: object) -> None:
    """Drop an owner at logout; the session still names it when this is called."""
    # Channels' logout() has no request; its sockets find out from the store.
    if request is None or not hasattr(request, "session"):
        return
    owner = request.session.get(SESSION_KEY)
    if owner is not None:
        _newcomers.forget(owner)
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
