"""Ending the pool: what goes on, what is cancelled, and when it is over."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pool import Pool

logger = logging.getLogger("ephemeral_tasks")

_LAST_SECONDS = 1.0  # what follows the drain: bodies that clean up, threads that end
_BODY_SECONDS = 0.8  # the bodies' part of it


def drain(pool: Pool, seconds: float) -> None:
    """Close, let accepted work go on for ``seconds``, cancel the rest, stop.

    Blocks the caller for at most ``seconds`` and one more; not for the pool's own
    thread. What a signal handler raises meanwhile, as on a second Ctrl-C, ends the
    wait but not the clean-up.
    """
    close(pool)
    if not pool.thread.is_alive():
        return
    is_idle, is_over = threading.Event(), False
    pool.post(_watch_end, pool, is_idle)
    try:
        is_over = is_idle.wait(seconds)
    finally:
        _end(pool, is_idle, is_over=is_over)


def _end(pool: Pool, is_idle: threading.Event, *, is_over: bool) -> None:
    until = time.monotonic() + _LAST_SECONDS
    if not is_over:
        pool.post(_cancel_all, pool)
        is_idle.wait(_BODY_SECONDS)
    pool.stop(until - time.monotonic())


def close(pool: Pool) -> None:
    """Take no more; from any thread."""
    with pool.kept.lock:
        pool.is_closed = True
    pool.post(_close, pool)


def _close(pool: Pool) -> None:
    pool.coordinator.cancel_deferred()
    for coordinator in pool.coordinators():
        coordinator.close()


def _watch_end(pool: Pool, is_idle: threading.Event) -> None:
    pool.end_of_work = pool.thread.loop.create_task(_until_idle(pool, is_idle))


async def _until_idle(pool: Pool, is_idle: threading.Event) -> None:
    for coordinator in pool.coordinators():
        await coordinator.drain()
    is_idle.set()


def _cancel_all(pool: Pool) -> None:
    counters = [coordinator.statistics() for coordinator in pool.coordinators()]
    running = sum(one.running for one in counters)
    waiting = sum(one.waiting + one.retrying for one in counters)
    if running or waiting:
        logger.warning(
            "the process ends: cancelling %s running and %s waiting operations",
            running,
            waiting,
        )
    for coordinator in pool.coordinators():
        coordinator.cancel_all()
