"""A newcomer's owner key in the session's store, before anything is accepted for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest

from . import sessions
from .owner import akeep, astored_session_owner_of
from .sessions import SESSION_KEY


@asynccontextmanager
async def save_owner(request: HttpRequest, newcomer: str) -> AsyncIterator[str]:
    """Within the block the store names the owner; an error takes that back.

    Args:
        request: Its session names no owner.
        newcomer: The owner, unless the store names one by now: another first
            submission of the same session was faster, and its operation must not
            vanish for the visitor.

    Whether an operation is accepted is known only once it is, and a store that fails
    after that would leave an operation that runs without an owner. So the session is
    saved first, and a refusal removes what was saved: the key, or the whole session
    where the key was all it held.
    """
    session: SessionBase = request.session
    was_empty = session.is_empty()
    stored = None if was_empty else await astored_session_owner_of(request)
    await akeep(request, stored or newcomer)
    if stored is not None:
        yield stored
        return
    await _save(session)
    try:
        yield newcomer
    except BaseException:  # cancelled, too: nothing was accepted
        await _take_back(session, was_empty=was_empty)
        raise


async def _take_back(session: SessionBase, *, was_empty: bool) -> None:
    """Remove the owner from the session, without an end to the owner.

    It may be another click's, whose operation was accepted: two first submissions of
    one form have one owner.
    """
    sessions.forget(session)
    await session.apop(SESSION_KEY, None)
    if was_empty:
        await session.aflush()
    else:
        await _save(session)


async def _save(session: SessionBase) -> None:
    try:
        await session.asave()
    except UpdateError as error:
        # As Django's middleware answers it: 400.
        raise SessionInterrupted("the session was deleted meanwhile") from error
