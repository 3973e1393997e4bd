"""Listeners that are called when a window changes, and a signal for sites."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from django.dispatch import Signal

from .forking import call_in_child

logger = logging.getLogger("ephemeral_tasks")

OwnerCallback = Callable[[str], object]


def ignore(*arguments: object) -> None:
    """Do nothing, in place of a listener's function."""


@dataclass(frozen=True, slots=True)
class _Listener:
    changed: OwnerCallback
    ended: OwnerCallback
    closed: Callable[[str, int], object]
    renewed: Callable[[], object]


_lock = Lock()
"""Makes one step of reading and replacing the next line: an election connects a
listener on a thread of its own, perhaps while another thread imports a module that does
the same. Replaced in a forked child."""
_listeners: tuple[_Listener, ...] = ()
"""Replaced as a whole, never changed in place: any thread may read it."""


def connect(
    *,
    changed: OwnerCallback,
    ended: OwnerCallback,
    closed: Callable[[str, int], object] = ignore,
    renewed: Callable[[], object] = ignore,
) -> Callable[[], None]:
    """Call these functions from now on.

    They are called on any thread, mostly on the pool's loop, so they must return at
    once. None carries content: the listener reads the window.

    Args:
        changed: Called with an owner whose window changed.
        ended: Called with an owner that has no window any more.
        closed: Called with an owner whose sockets are to be closed, and the code.
        renewed: Called when another process hosts the pool, or notices may be lost:
            any window may be another.

    Returns:
        A function that disconnects them.
    """
    global _listeners
    listener = _Listener(changed, ended, closed, renewed)
    with _lock:  # or two that connect at once would lose one
        _listeners = (*_listeners, listener)

    def disconnect() -> None:
        global _listeners
        with _lock:  # or one that connects meanwhile would be lost
            _listeners = tuple(one for one in _listeners if one is not listener)

    return disconnect


def send_changed(owner: str) -> None:
    """Call the listeners after a change in the owner's window."""
    for listener in _listeners:
        _call(listener.changed, owner)


def send_ended(owner: str) -> None:
    """Call the listeners after the owner was dropped."""
    for listener in _listeners:
        _call(listener.ended, owner)


def send_closed(owner: str, code: int) -> None:
    """Call the listeners that close an owner's sockets."""
    for listener in _listeners:
        _call(listener.closed, owner, code)


def send_renewed() -> None:
    """Call the listeners after the pool has become another one."""
    for listener in _listeners:
        _call(listener.renewed)


def _call(callback: Callable[..., object], *arguments: object) -> None:
    try:
        callback(*arguments)
    except (Exception, SystemExit) as error:  # it may be called on the pool's loop
        log_failure("a listener of window changes failed", error)


class OperationFinished(Signal):
    """Sent once for each finished operation of an owner."""

    def _log_robust_failure(self, receiver: object, err: Exception) -> None:
        # Django's own line quotes the error, and its record holds the frames.
        log_failure("a receiver of operation_finished failed", err)


operation_finished = OperationFinished()
"""``sender`` is the task; ``id``, ``status``, ``label``, ``shown``, ``attempt`` and
``duration_seconds`` say the rest. Receivers run in a thread of their own."""


def log_failure(what: str, error: BaseException) -> None:
    """Log as text: a record that holds the error would keep its frames alive."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    with suppress(Exception, SystemExit):  # of a log handler of the site's own
        logger.error(
            "%s error=%s at=%s:%s:%s",
            what,
            type(error).__qualname__,
            place.filename,
            place.lineno,
            place.name,
        )


def _start_anew_in_child() -> None:
    global _lock
    _lock = Lock()  # a thread that is not here may hold the parent's


call_in_child(_start_anew_in_child)
