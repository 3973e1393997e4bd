"""The host's end: verbs run for its clients, and notices of changes sent to them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from inspect import iscoroutinefunction
from typing import Any

from .. import signals
from ..conf import get_config
from ..forking import call_in_child
from .listener import Listener
from .notices import CHANGED, CLOSED, ENDED, NAMED, RENEWED
from .peer import Peer
from .surroundings import Surroundings
from .table import OF_OWNERS, find

NAME = (secrets.token_hex(4), int(time.time()))
"""Of this process as a host: a random text, and its start in seconds since the epoch.
Replaced in a forked child."""

_caller: ContextVar[Peer | None] = ContextVar("caller", default=None)


def caller() -> Peer | None:
    """Return the client that a verb runs for; None for this process."""
    return _caller.get()


def dispatch(peer: Peer, name: str, payload: tuple[Any, ...]) -> Any:
    """Run a verb for a client; on the listener's thread, in a context of its own.

    Returns:
        What the verb returns; an awaitable for those that wait.

    Raises:
        LookupError: There is no verb of that name: the client runs other code.
    """
    (surroundings, args, kwargs), _ = payload
    function = find(name)
    if "is_named" not in peer.state:  # before its first answer
        peer.state["is_named"] = True
        peer.notify(NAMED, NAME)
    if name in OF_OWNERS:
        _note_look(peer, str(args[0] if args else kwargs["owner"]))
    if iscoroutinefunction(function):
        return _wait(peer, surroundings, function(*args, **kwargs))
    _stand_in(peer, surroundings)
    return function(*args, **kwargs)


async def _wait(peer: Peer, surroundings: Surroundings, work: Awaitable[Any]) -> Any:
    _stand_in(peer, surroundings)  # in the context of the asyncio task that runs this
    return await work


def _stand_in(peer: Peer, surroundings: Surroundings) -> None:
    """Act for a client within the running context; what is set here ends with it."""
    _caller.set(peer)
    surroundings.enter()


# -- notices ---------------------------------------------------------------------------


def _note_look(peer: Peer, owner: str) -> None:
    """Send the client the owner's next change.

    Before the verb runs: a change between its look and this would be lost. What a
    client keeps of an owner it got by asking for it, and it asks again when it needs
    to: so one notice for each look is enough.
    """
    owners = _owners_of(peer)
    owners.add(owner)
    if len(owners) > 2 * get_config().max_owners:  # most of them are no owners
        owners.clear()
        peer.notify(RENEWED, None)


def _owners_of(peer: Peer) -> set[str]:
    """Return the owners whose next change the client gets.

    Changed by the listener's thread and by threads that announce changes, in steps of
    the interpreter's own.
    """
    found: set[str] = peer.state.setdefault("owners", set())
    return found


def announce_to(listener: Listener) -> Callable[[], None]:
    """Pass on what happens to windows to the listener's clients, from now on.

    Returns:
        A function that ends it.
    """

    def on_changed(owner: str) -> None:
        for peer in listener.peers:
            owners = _owners_of(peer)
            if owner in owners:
                owners.discard(owner)
                peer.notify(CHANGED, owner)

    def on_ended(owner: str) -> None:
        for peer in listener.peers:
            peer.notify(ENDED, owner)

    def on_closed(owner: str, code: int) -> None:
        for peer in listener.peers:
            peer.notify(CLOSED, (owner, code))

    return signals.connect(changed=on_changed, ended=on_ended, closed=on_closed)


def _rename() -> None:
    global NAME
    NAME = (secrets.token_hex(4), int(time.time()))


call_in_child(_rename)
