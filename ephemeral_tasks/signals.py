"""Listeners that are called when a window changes, and a signal for sites."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from django.dispatch import Signal

logger = logging.getLogger("ephemeral_tasks")

OwnerCallback = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class _Listener:
    changed: OwnerCallback
    ended: OwnerCallback


# Replaced as a whole, never changed in place, since any thread may read it. Listeners
# connect while modules are imported, one after the other: no lock is needed.
_listeners: tuple[_Listener, ...] = ()


def connect(*, changed: OwnerCallback, ended: OwnerCallback) -> Callable[[], None]:
    """Call ``changed(owner)`` and ``ended(owner)`` from now on.

    They are called on any thread, mostly on the pool's loop, so they must return at
    once. ``changed`` carries no content: the listener reads the window. After ``ended``
    the owner has no window any more.

    Returns:
        A function that disconnects the two.
    """
    global _listeners
    listener = _Listener(changed, ended)
    _listeners = (*_listeners, listener)

    def disconnect() -> None:
        global _listeners
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


def _call(callback: OwnerCallback, owner: str) -> None:
    try:
        callback(owner)
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
