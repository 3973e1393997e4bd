"""Ending the pool: what goes on, what is cancelled, and when it is over.

Any number of threads may drain at once: they wait for the same event.
"""

from __future__ import annotations

import logging
import time

from .log import log
from .pool import Pool

_LAST_SECONDS = 1.0  # what follows the drain: bodies that clean up, threads that end
_BODY_SECONDS = 0.8  # the bodies' part of it


def drain(pool: Pool, seconds: float) -> None:
    """Close, wait ``seconds`` for accepted work, cancel the rest, stop.

    Blocks the caller for at most ``seconds`` and one more; not for the pool's own
    thread. What a signal handler raises meanwhile, as on a second Ctrl-C, ends the
    wait but not the clean-up.
    """
    until = time.monotonic() + seconds
    close(pool)
    is_over = not pool.loop.is_alive()
    try:
        is_over = is_over or pool.is_idle.wait(seconds)
    finally:
        _end(pool, until if is_over else time.monotonic(), is_over=is_over)


def _end(pool: Pool, until: float, *, is_over: bool) -> None:
    """Stop the pool; receivers of signals may go on ``until`` then and a second more.

    Args:
        pool: Closed.
        until: By ``time.monotonic()``.
        is_over: Whether nothing is unfinished; else it is cancelled first.
    """
    until += _LAST_SECONDS
    if not is_over:
        pool.loop.try_post(_cancel_all, pool)
        pool.is_idle.wait(_BODY_SECONDS)
    pool.stop(until - time.monotonic())


def close(pool: Pool) -> None:
    """Take no more; from any thread."""
    pool.follow(pool.ledger.close())
    pool.loop.try_post(_close_hosted, pool)


def _close_hosted(pool: Pool) -> None:
    for coordinator in pool.hosted():
        end = pool.loop.loop.create_task(coordinator.drain())
        end.add_done_callback(lambda _: pool.look_for_idle())
    pool.look_for_idle()


def _cancel_all(pool: Pool) -> None:
    own = pool.statistics()
    running, waiting = own.running + own.asking, own.waiting + own.retrying
    for coordinator in pool.hosted():
        hosted = coordinator.statistics()
        running += hosted.running
        waiting += hosted.waiting + hosted.retrying
    if running or waiting:
        log(
            logging.WARNING,
            "the process ends: cancelling %s running and %s waiting operations",
            running,
            waiting,
        )
    pool.follow(pool.ledger.cancel_all())
    for coordinator in pool.hosted():
        coordinator.cancel_all()
