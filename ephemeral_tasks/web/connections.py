"""What an owner keeps open in this process: sockets, and requests that wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from ..conf import get_config
from . import push

_lock = Lock()  # servers with several loops have views on each; protects the next line
_waiting: Counter[str] = Counter()


def are_all_taken(owner: str) -> bool:
    """Return whether the owner has ``MAX_SOCKETS_PER_OWNER`` open."""
    count = push.count(owner) + _waiting[owner]
    return count >= get_config().max_sockets_per_owner


@contextmanager
def hold_waiting(owner: str) -> Iterator[bool]:
    """Count a request that waits within the block.

    Yields:
        False, and nothing is counted, where the owner has too much open already.
    """
    with _lock:  # or two requests would both take the last place
        may_wait = not are_all_taken(owner)
        if may_wait:
            _waiting[owner] += 1
    try:
        yield may_wait
    finally:
        if may_wait:
            _release(owner)


def _release(owner: str) -> None:
    with _lock:  # or a request that begins to wait would not be counted
        _waiting[owner] -= 1
        if not _waiting[owner]:
            del _waiting[owner]
