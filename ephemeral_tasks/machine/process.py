"""This process's part in the pool: its host, or a client of the host."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .. import signals
from ..conf import get_config
from ..core.errors import EphemeralTasksError
from ..errors import Unreachable
from . import host, notices
from .link import Link
from .listener import Listener
from .membership import Membership, Place
from .table import UNDO

_lock = threading.Lock()
_membership: Membership | None = None
"""Made under ``_lock`` at the first call of a verb; read by any thread."""
_disconnect: Callable[[], None] | None = None
"""Ends the notices to clients; written by the thread that is elected."""


def is_shared() -> bool:
    """Return whether one pool serves all processes of the machine."""
    return get_config().pool == "machine"


def find(*, create: bool, timeout: float) -> Place:
    """Return where the pool is; blocks for at most ``timeout`` seconds.

    Args:
        create: Whether this process may become the host.
        timeout: In seconds.

    Raises:
        Unreachable: There is a host, and it does not answer; or there is no descriptor
            left for a connection.
    """
    membership = _get()
    # A host that drains looks at its own operations to their end.
    if membership.listener:
        return None
    try:
        return membership.where(create=create, timeout=timeout)
    except OSError as error:
        raise Unreachable from error


async def afind(*, create: bool, timeout: float) -> Place:
    """Return where the pool is, without blocking the loop; as ``find``."""
    membership = _get()
    if membership.listener:
        return None
    try:
        return await membership.awhere(create=create, timeout=timeout)
    except OSError as error:
        raise Unreachable from error


def try_host() -> bool:
    """Host unless another process does; return whether this process hosts."""
    return _get().try_host()


def wait_and_host() -> None:
    """Wait until no other process hosts, and host.

    What a signal's handler raises ends the wait.
    """
    _get().wait_and_host()


def host_name() -> tuple[str, int]:
    """Return a random name of the host, and its start in seconds since the epoch.

    Of this process where it hosts, and where no host was asked yet.
    """
    named = None if is_host() else notices.host_name()
    return named or host.NAME


def is_host() -> bool:
    """Return whether this process's pool is the one that operations run in."""
    membership = _membership
    return membership is None or membership.listener is not None


def count_clients() -> int:
    """Return how many other processes are connected; 0 in a client."""
    return len(peers())


def peers() -> tuple[Any, ...]:
    """Return the clients of this process; empty unless it hosts."""
    listener = None if _membership is None else _membership.listener
    return () if listener is None else listener.peers


def retire() -> None:
    """Send what is new to another host from now on; clients may still fetch."""
    if _membership is not None:
        _membership.retire()


def has_retired() -> bool:
    """Return whether this process hosts no more, and never again."""
    return _membership is not None and _membership.has_retired


def close() -> None:
    """End all connections to other processes."""
    if _membership is not None:
        _membership.close()


def reset() -> None:
    """Start afresh, as a process that never asked for the pool; for tests."""
    global _membership, _disconnect
    with _lock:  # or a call meanwhile would go to the old host
        old, _membership = _membership, None
    if old is not None:
        old.close()
    if _disconnect is not None:
        _disconnect()
        _disconnect = None


def _get() -> Membership:
    global _membership
    membership = _membership
    if membership is not None:
        return membership
    with _lock:  # or two first calls would make two
        if _membership is None:
            _membership = Membership(
                host.dispatch,
                on_host=_on_host,
                on_notice=notices.pass_on,
                on_lost=_on_lost,
                on_late=_on_late,
            )
        return _membership


def _on_host(listener: Listener) -> None:
    global _disconnect
    _disconnect = host.announce_to(listener)
    signals.send_renewed()


def _on_lost(link: Link) -> None:
    signals.send_renewed()


def _on_late(name: str, answer: Any) -> None:
    """Take back what the host began in time and answered too late.

    In a thread: the link's own, which this is, may not wait for the host.
    """
    undo = UNDO.get(name)
    if undo is not None:
        threading.Thread(target=_undo, args=(undo, answer), daemon=True).start()


def _undo(undo: Callable[[Any], object], answer: Any) -> None:
    with suppress(EphemeralTasksError):  # the host has gone, and what it began with it
        undo(answer)
