"""The opaque key of a visitor, kept inside their session."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, cast, overload

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.asyncio import async_unsafe

from .. import submission
from ..errors import Unreachable
from . import first_click, push, session_sockets, sessions
from .client import aadd_client, add_client
from .sessions import SESSION_KEY, call_before_clear
from .user import Source, refresh_session
from .user_key import afind_user_key, find_user_key, is_by_user, key_of

_ASK_FIRST = (
    "the session is not loaded: in an async view call "
    "`await aowner_of(request, create=False)` before owner_of() and before "
    "a template that uses the tags of ephemeral_tasks"
)


@overload
def owner_of(request: Source, create: Literal[True] = True) -> str: ...
@overload
def owner_of(request: Source, create: bool) -> str | None: ...
def owner_of(request: Source, create: bool = True) -> str | None:
    """Return the owner key of a request or scope, made if there was none.

    With ``CLIENT_OF`` the key carries its client, for ``submit``.

    Args:
        request: With a session.
        create: False to look only; None for a visitor without a submission.

    Raises:
        SynchronousOnlyOperation: In an async view the session is not loaded yet;
            ``await aowner_of(request)`` first.
        RuntimeError: A websocket has no owner and cannot make one.
    """
    owner = find_owner(request, create=create)
    return owner if owner is None else add_client(owner, request)


def find_owner(request: Source, *, create: bool = False) -> str | None:
    """Return the plain owner key of a request or scope, for looking.

    A look does not fail where the pool's host does not answer: what the session names
    counts then.
    """
    try:
        key = find_user_key(request)
    except SynchronousOnlyOperation as error:
        raise SynchronousOnlyOperation(_ASK_FIRST) from error
    if key is not None:
        return key
    session = _session_of(request)
    if isinstance(session, SessionBase) and not hasattr(session, "_session_cache"):
        _load(session)
    owner = session.get(SESSION_KEY)
    if owner is None:
        try:
            owner = sessions.recall(session)
        except Unreachable:
            if create:
                raise
        if owner is None and create:
            owner = make_candidate(request)
        if owner is not None:
            session[SESSION_KEY] = owner
    if owner is not None:
        sessions.note(session, owner)
    return cast("str | None", owner)


# Also for visitors without a session and for stores that do not block: else a page
# would fail for returning visitors alone.
@async_unsafe(_ASK_FIRST)
def _load(session: SessionBase) -> None:
    session.get(SESSION_KEY)


@overload
async def aowner_of(request: Source, create: Literal[True] = True) -> str: ...
@overload
async def aowner_of(request: Source, create: bool) -> str | None: ...
async def aowner_of(request: Source, create: bool = True) -> str | None:
    """Return the owner key of a request or scope; the async twin of ``owner_of``."""
    owner = await afind_owner(request, create=create)
    return owner if owner is None else await aadd_client(owner, request)


async def afind_owner(request: Source, *, create: bool = False) -> str | None:
    """Return the plain owner key of a request or scope, as ``find_owner``."""
    key = await afind_user_key(request)
    if key is not None:
        return key
    session = _session_of(request)
    owner = await session.aget(SESSION_KEY)
    if owner is None:
        try:
            owner = await sessions.arecall(session)
        except Unreachable:
            if create:
                raise
        if owner is None and create:
            owner = make_candidate(request)
        if owner is not None:
            await akeep(request, owner)
    else:
        sessions.note(session, owner)
    return cast("str | None", owner)


async def akeep(request: Source, owner: str) -> None:
    """Write a new owner into the session."""
    session = _session_of(request)
    await session.aset(SESSION_KEY, owner)
    sessions.note(session, owner)


async def astored_owner_of(scope: Source) -> str | None:
    """Return the owner that the session's store names now, whatever was loaded."""
    fresh = _reopen(scope)
    key = await afind_user_key(refresh_session(scope, fresh))
    return await _aread_owner(fresh) if key is None else key


async def astored_session_owner_of(request: Source) -> str | None:
    """Return the session's own owner as its store names it now."""
    return await _aread_owner(_reopen(request))


def _reopen(source: Source) -> SessionBase:
    session = _session_of(source)
    return session.__class__(session.session_key)


async def _aread_owner(session: SessionBase) -> str | None:
    owner = await session.aget(SESSION_KEY)
    return cast("str | None", owner) or await sessions.arecall(session)


def make_candidate(request: Source) -> str:
    """Return a key for a visitor without one; nothing is stored yet.

    Two first submissions at once may get an owner each; the operation whose owner the
    session does not keep ends by idleness.

    Args:
        request: No websocket, which could not keep it.
    """
    if isinstance(request, Mapping):
        raise RuntimeError(
            "a websocket cannot make an owner: the first submission comes over HTTP"
        )
    return first_click.make_owner()


async def amake_candidate(request: HttpRequest, form_key: str | None) -> str:
    """Return a key for a visitor without one; nothing is stored yet.

    Args:
        request: With the CSRF cookie.
        form_key: The one-time key of the form that was sent: its second click gets
            the same owner.
    """
    return await first_click.aowner_for(form_key, request.META.get("CSRF_COOKIE"))


@receiver(user_logged_out, dispatch_uid="ephemeral_tasks.web.owner")
def _end_owner_at_logout(request: HttpRequest | None = None, **kwargs: object) -> None:
    """Drop an owner at logout; the session still names it when this is called."""
    # Channels' logout() has no request; it flushes the session.
    if request is not None and hasattr(request, "session"):
        _end_owner_of(request.session)


@receiver(user_logged_in, dispatch_uid="ephemeral_tasks.web.owner.rotated")
def _close_sockets_at_login(
    request: HttpRequest | None = None, user: object = None, **kwargs: object
) -> None:
    """Close the sockets that were opened with the session's former key.

    Another person may know that key, by fixation for example, and must not see what
    follows. The visitor's own pages connect again with the new cookie.
    """
    # Channels' login() has no request; its sockets are closed when they look.
    if request is None or not hasattr(request, "session"):
        return
    owner = request.session.get(SESSION_KEY)
    if owner is not None:
        sessions.move(request.session, owner)
        push.close_owner.post(owner, push.SESSION_ROTATED)
    key = key_of(user) if is_by_user() else None
    if key is not None:
        push.close_owner.post(key, push.SESSION_ROTATED)


def _end_owner_of(session: SessionBase) -> None:
    """Drop the owner of a session that is about to be emptied, and its sockets.

    A user's own operations go on: they are not the session's.
    """
    session_sockets.close_all(session)
    try:
        owner = session.get(SESSION_KEY)
    except SynchronousOnlyOperation:  # a third-party engine, not loaded
        owner = None
    if owner is None:
        with suppress(Unreachable):  # a logout must not fail; it ends by idleness
            owner = sessions.recall(session)
    if owner is not None:
        first_click.forget.post(owner)
        submission.end_owner.post(owner)


call_before_clear(_end_owner_of)


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
