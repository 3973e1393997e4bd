"""Closing the sockets of one session, whose owner lives on in others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import push
from .sessions import digest_session
from .user_key import is_by_user


def subscribe(
    scope: Mapping[str, Any], close: Callable[[int], object]
) -> Callable[[], None]:
    """Call ``close(code)`` when the session of a scope ends; on the running loop.

    Sockets of a session that is itself the owner end with the owner.

    Returns:
        A function that ends it.
    """
    name = _name_of(scope.get("session")) if is_by_user() else None
    return _do_nothing if name is None else push.subscribe(name, _Listener(close))


def close_all(session: Any) -> None:
    """Close the sockets of a session that ends; from any thread."""
    name = _name_of(session) if is_by_user() else None
    if name is not None:
        push.close_owner.post(name, push.OWNER_ENDED)


class _Listener:
    """A socket, as far as its session is concerned."""

    def __init__(self, close: Callable[[int], object]) -> None:
        self._close = close

    def wake(self) -> None:
        """Do nothing: changes come with the owner."""

    def end(self, code: int) -> None:
        """Close when the session has ended; the owner's listener does the rest.

        At the server's end every listener of the process is called, in any order, and
        the owner's sends the last state first.
        """
        if code == push.OWNER_ENDED:
            self._close(code)


def _name_of(session: Any) -> str | None:
    """Return what stands for a session among the owners of sockets."""
    digest = digest_session(session)
    return None if digest is None else f"session{digest.hex()}"


def _do_nothing() -> None:
    pass
