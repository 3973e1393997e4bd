"""Notices that several processes serve one site, each with operations of its own."""

from __future__ import annotations

import logging
from functools import cache

from django.core import signing

from .. import pool
from ..conf import get_config
from ..machine import process

logger = logging.getLogger("ephemeral_tasks")

_signer = signing.Signer(salt="ephemeral_tasks.process")

_is_proved = False  # set once, by any thread


def stamp() -> str:
    """Return what a fragment's poll brings back: this process's id and start."""
    return _stamp(*pool.process_id())


@cache
def _stamp(id: str, started_time: float) -> str:
    # Signed, or a visitor could raise the warning for staff.
    return _signer.sign(f"{id}-{started_time:.0f}")


def notice(brought: str | None) -> None:
    """Notice a stamp of another process that was alive beside this one.

    A process that started before this one may have been its predecessor. A process
    that started after it and has rendered a page since is a neighbour.
    """
    if brought is None or brought == stamp() or is_proved() or process.is_shared():
        return
    try:
        id, _, started_time = _signer.unsign(brought).partition("-")
    except signing.BadSignature:
        return
    own_id, own_started_time = pool.process_id()
    if id != own_id and int(started_time) >= int(own_started_time):
        _prove()


def is_proved() -> bool:
    """Return whether several processes with private windows are known to serve."""
    return _is_proved and get_config().cache_alias is None


def _prove() -> None:
    global _is_proved
    if get_config().cache_alias is not None:
        return
    _is_proved = True
    logger.warning(
        "a page that another process rendered was polled here: several processes serve "
        "this site, and each knows only the operations that were submitted to it. "
        'Give them one pool (EPHEMERAL_TASKS = {"POOL": "machine"}), or serve the site '
        "from one process (WEB_CONCURRENCY=1, or --workers 1)"
    )
