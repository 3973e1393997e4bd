"""What a page shows of an owner's operations, and how soon it asks again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .. import pool
from ..conf import get_config
from ..row import Row
from .pages import Page

SLOW_AFTER_SECONDS = 20.0
SLOW_POLL_SECONDS = 5.0


class Shown(NamedTuple):
    """What a fragment shows; equal ones make equal HTML on one page."""

    rows: tuple[Row, ...]
    """Newest first."""
    interval: float | None
    """The pause between polls that the fragment names, in seconds."""
    about_to_stop: Row | None
    """The operation that one more submission would push out, unfinished."""
    unfinished: int = 0
    """How many of the owner's operations have not finished, shown here or not."""


def choose_shown(window: Sequence[Row], page: Page) -> Shown:
    """Return what the page shows of the owner's operations."""
    unfinished = sum(not row.is_finished for row in window)
    if page.is_count:
        return Shown((), choose_pause(window), None, unfinished)
    if page.operation is not None:
        own = tuple(row for row in window if row.id == page.operation)
        return Shown(own, choose_pause(own), None, unfinished)
    rows = filter_by_task(window, page.task)
    about_to_stop = find_about_to_stop(window)
    return Shown(rows, choose_pause(rows), about_to_stop, unfinished)


def find_about_to_stop(window: Sequence[Row]) -> Row | None:
    """Return the unfinished operation that one more submission would push out."""
    config = get_config()
    is_full = len(window) >= config.window_size
    if not is_full or config.when_window_full != "push" or window[-1].is_finished:
        return None
    return window[-1]


def filter_by_task(window: Sequence[Row], task: str | None) -> tuple[Row, ...]:
    """Return the rows of one task, or all of them."""
    return tuple(one for one in window if task is None or one.task == task)


def choose_pause(rows: Sequence[Row]) -> float | None:
    """Return the pause until the next poll, None when nothing can change by itself."""
    unfinished = [one.submitted_at for one in rows if not one.is_finished]
    if not unfinished:
        return None
    age = pool.time_now() - max(unfinished).timestamp()
    pause = get_config().poll_seconds
    return pause if age < SLOW_AFTER_SECONDS else max(pause, SLOW_POLL_SECONDS)
