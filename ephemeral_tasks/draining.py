"""Ending the pool: what goes on, what is cancelled, and when it is over."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pool import Pool

logger = logging.getLogger("ephemeral_tasks")

_LAST_SECONDS = 1.0  # how long bodies may take to end once they were cancelled


def drain(pool: Pool, seconds: float) -> None:
    """Close, let accepted work go on for ``seconds``, cancel the rest, stop.

    Blocks the caller for at most ``seconds`` and one more; not for the pool's own
    thread.
    """
    close(pool)
    if not pool.thread.is_alive():
        return
    is_idle = threading.Event()
    pool.post(_watch_end, pool, is_idle)
    if not is_idle.wait(seconds):
        pool.post(_cancel_all, pool)
        is_idle.wait(_LAST_SECONDS)
    pool.stop()


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
