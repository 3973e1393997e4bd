"""Sessions that are emptied or saved over, for which Django has no signal."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from threading import Lock
from typing import Any

from django.contrib.sessions.backends import cached_db
from django.contrib.sessions.backends.base import SessionBase

from .. import signals, submission
from ..conf import get_config
from ..machine.table import Kind
from ..machine.verbs import verb

# Never the session's own key: that is None before the first save and changes with
# each login, and for signed cookies with each save.
SESSION_KEY = "_ephemeral_tasks_owner"

# A signed cookie is the whole session, and another at each save: it is not remembered.
_MAX_KEY_LENGTH = 64


class SeenSessions:
    """Remembers which owner a session named when it was seen last.

    Django saves a session as a whole, and the last writer wins: a request that had
    read the session before the owner was made, and saves it afterwards, puts it back
    without the owner. Holds at most ``MAX_OWNERS`` sessions, as digests of their keys.
    """

    def __init__(self) -> None:
        self._lock = Lock()  # requests come on many threads; protects the next line
        self._owners: OrderedDict[bytes, str] = OrderedDict()

    def note(self, digest: bytes, owner: str) -> bool:
        """Remember the owner of a session; return whether that is news."""
        with self._lock:
            is_news = self._owners.get(digest) != owner
            self._owners[digest] = owner
            self._owners.move_to_end(digest)
            while len(self._owners) > get_config().max_owners:
                self._owners.popitem(last=False)
        return is_news

    def forget(self, digest: bytes) -> None:
        """Remember nothing of a session."""
        with self._lock:
            self._owners.pop(digest, None)

    def forget_others(self, digest: bytes, owner: str) -> None:
        """Remember the owner under no other session than this one."""
        with self._lock:
            for other in [key for key, of in self._owners.items() if of == owner]:
                if other != digest:
                    del self._owners[other]

    def find(self, digest: bytes) -> str | None:
        """Return the owner of a session."""
        with self._lock:
            return self._owners.get(digest)

    def clear(self) -> None:
        """Remember nothing."""
        with self._lock:
            self._owners.clear()


seen_sessions = SeenSessions()
"""Where the pool is: of all processes. Elsewhere: what was sent there."""
signals.connect(
    changed=signals.ignore, ended=signals.ignore, renewed=seen_sessions.clear
)


def note(session: Any, owner: str) -> None:
    """Remember the owner that the session names."""
    digest = digest_session(session)
    if digest is not None and seen_sessions.note(digest, owner):
        _note.post(digest, owner)


def forget(session: Any) -> None:
    """Remember nothing of the session."""
    digest = digest_session(session)
    if digest is not None:
        seen_sessions.forget(digest)
        _forget.post(digest)


def move(session: Any, owner: str) -> None:
    """Remember the owner under this session alone; its former key is no more."""
    digest = digest_session(session)
    if digest is not None:
        seen_sessions.forget_others(digest, owner)
        _move.post(digest, owner)


def recall(session: Any) -> str | None:
    """Return the owner that the session has lost, None if it has no operations.

    To be called when the session is loaded: a session that its store no longer has, as
    after logout, has no key then.
    """
    digest = digest_session(session)
    return None if digest is None else _recall(digest)


async def arecall(session: Any) -> str | None:
    """Return the owner that the session has lost; the twin of ``recall``."""
    digest = digest_session(session)
    return None if digest is None else await _recall.acall(digest)


@verb(Kind.CHANGE)
def _note(digest: bytes, owner: str) -> None:
    seen_sessions.note(digest, owner)


@verb(Kind.CHANGE)
def _forget(digest: bytes) -> None:
    seen_sessions.forget(digest)


@verb(Kind.CHANGE)
def _move(digest: bytes, owner: str) -> None:
    seen_sessions.forget_others(digest, owner)
    seen_sessions.note(digest, owner)


@verb(Kind.LOOK)
def _recall(digest: bytes) -> str | None:
    owner = seen_sessions.find(digest)
    # The function itself: this runs where the pool is.
    is_alive = owner is not None and submission.list_ids.function(owner)
    return owner if is_alive else None


def digest_session(session: Any) -> bytes | None:
    """Return what stands for a session with this key; None without one."""
    key = getattr(session, "session_key", None)
    if not key or len(key) > _MAX_KEY_LENGTH:
        return None
    return blake2b(key.encode(), digest_size=16).digest()


def call_before_clear(callback: Callable[[SessionBase], object]) -> None:
    """Call a function with each session that is about to be emptied.

    Django sends no signal for it. But ``flush()`` and ``aflush()`` of all its engines
    begin with ``clear()``, and so does a login over another user's session.
    """
    clear = SessionBase.clear

    @wraps(clear)
    def announce_and_clear(session: SessionBase) -> None:
        callback(session)
        clear(session)

    SessionBase.clear = announce_and_clear  # type: ignore[assignment,method-assign]
    _load_before_aflush(SessionBase)
    _load_before_aflush(cached_db.SessionStore)  # the one engine with its own


def _load_before_aflush(engine: type[SessionBase]) -> None:
    """Load a session before ``aflush()`` empties it: ``clear()`` could only block."""
    aflush = engine.aflush

    @wraps(aflush)
    async def load_and_aflush(session: SessionBase) -> None:
        await session.aget(SESSION_KEY)
        await aflush(session)

    engine.aflush = load_and_aflush  # type: ignore[assignment,method-assign]
