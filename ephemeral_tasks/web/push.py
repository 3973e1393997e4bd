"""From the pool's thread to the loops of the sockets that watch an owner.

The one place where changes cross from other threads to the sockets' loops.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from threading import Lock
from typing import Protocol

from .. import signals, submission
from ..machine.table import Kind
from ..machine.verbs import verb
from ..pool import presence

OWNER_ENDED = 4401
SESSION_ROTATED = 4409
FAILED = 4500
SERVICE_RESTART = 1012  # IANA's registry of close codes: clients come back


class Listener(Protocol):
    """A socket; both methods are called on its own loop and return at once."""

    def wake(self) -> None:
        """Look at the window: something changed."""

    def end(self, code: int) -> None:
        """Close with this code."""


class _Mailbox:
    """The sockets of one loop, and the changes and closes they do not know yet.

    However many changes a burst has, it wakes the loop once.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        # Changed on the loop only; other threads ask whether an owner is in it.
        self.listeners: dict[str, set[Listener]] = {}
        # How many listeners there are; changed on the loop only.
        self.open = 0
        # Appended to by any thread, emptied by the loop.
        self._pending: deque[tuple[str, int | None]] = deque()
        # Set by any thread, cleared by the loop; for the order see `post`.
        self._is_woken = False

    def post(self, owner: str, code: int | None) -> None:
        """Pass a close code, or None for a change, to an owner's sockets.

        From any thread. The flag is read after the append and cleared before the
        first popleft, so that no entry stays behind.
        """
        self._pending.append((owner, code))
        if not self._is_woken:
            self._is_woken = True
            try:
                # An empty context: the caller's may be a body's, with its content.
                self.loop.call_soon_threadsafe(self._deliver, context=Context())
            except RuntimeError:  # the loop was closed, its sockets with it
                _drop(self)

    def _deliver(self) -> None:
        self._is_woken = False
        while self._pending:
            owner, code = self._pending.popleft()
            for listener in tuple(self.listeners.get(owner, ())):
                if code is None:
                    listener.wake()
                else:
                    listener.end(code)


_lock = Lock()  # makes one step of reading and replacing the next line
# Replaced as a whole, never changed in place: any thread may read it.
_mailboxes: tuple[_Mailbox, ...] = ()


def subscribe(owner: str, listener: Listener) -> Callable[[], None]:
    """Wake the listener at the owner's changes from now on; call on its own loop.

    Returns:
        A function that ends it; it may be called twice.
    """
    mailbox = _mailbox_of(asyncio.get_running_loop())
    mailbox.listeners.setdefault(owner, set()).add(listener)
    mailbox.open += 1

    def unsubscribe() -> None:
        listeners = mailbox.listeners.get(owner, set())
        mailbox.open -= listener in listeners
        listeners.discard(listener)
        if not listeners and mailbox.listeners.pop(owner, None) is not None:
            _note_use(owner)
        if not mailbox.listeners:
            _drop(mailbox)

    return unsubscribe


def _note_use(owner: str) -> None:
    """Note that a socket watched the owner's window until now."""
    with suppress(Exception):  # the cache's: a socket must end in any case
        submission.keep_alive.post(owner)


def count(owner: str) -> int:
    """Return how many sockets of this process watch the owner."""
    return sum(len(mailbox.listeners.get(owner, ())) for mailbox in _mailboxes)


def count_all() -> int:
    """Return how many sockets of this process watch an owner."""
    return sum(mailbox.open for mailbox in _mailboxes)


@verb(Kind.CHANGE)
def close_owner(owner: str, code: int) -> None:
    """Close the owner's sockets, in all processes of the machine; from any thread."""
    signals.send_closed(owner, code)


def close_all(code: int = SERVICE_RESTART) -> None:
    """Close every socket of this process."""
    for mailbox in _mailboxes:
        for owner in tuple(mailbox.listeners):
            mailbox.post(owner, code)


def _mailbox_of(loop: asyncio.AbstractEventLoop) -> _Mailbox:
    global _mailboxes
    with _lock:
        for mailbox in _mailboxes:
            if mailbox.loop is loop:
                return mailbox
        mailbox = _Mailbox(loop)
        _mailboxes = (*_mailboxes, mailbox)
        return mailbox


def _drop(mailbox: _Mailbox) -> None:
    global _mailboxes
    with _lock:
        _mailboxes = tuple(one for one in _mailboxes if one is not mailbox)


def _post(owner: str, code: int | None) -> None:
    for mailbox in _mailboxes:
        if owner in mailbox.listeners:
            mailbox.post(owner, code)


def _wake_owner(owner: str) -> None:
    _post(owner, None)


def _end_owner(owner: str) -> None:
    _post(owner, OWNER_ENDED)


def _close_anew() -> None:
    """Close all sockets so that pages connect again: to another process's pool.

    Where this process has become the host, no socket had a host before.
    """
    close_all(FAILED)


signals.connect(
    changed=_wake_owner, ended=_end_owner, closed=_post, renewed=_close_anew
)
presence.count_with(count)
presence.count_all_with(count_all)
