"""The table's rows as HTML: one renderer for what is polled and what is pushed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from .. import pool, signals, submission
from ..conf import get_config
from ..errors import UnknownTask
from ..projection import Row
from ..tasks import registry
from . import processes, push
from .pages import Page

SLOW_AFTER_SECONDS = 20.0
SLOW_POLL_SECONDS = 5.0

_Rendered = dict[tuple[Page, str], tuple[Row, SafeString]]


class _Cache:
    """The rows as last rendered, of the owners who looked last.

    Nothing stays here that left its window: a rendering drops what it did not show,
    and a change that no socket is going to render drops all of the owner's.
    """

    OWNERS = 500

    def __init__(self) -> None:
        self._lock = Lock()  # protects the next line
        self._owners: OrderedDict[str, _Rendered] = OrderedDict()

    def of(self, owner: str) -> _Rendered:
        """Return an owner's rows, for one rendering.

        To be asked for before the window is: what is dropped in between is then no
        longer this dictionary.
        """
        with self._lock:
            rendered = self._owners.setdefault(owner, {})
            self._owners.move_to_end(owner)
            while len(self._owners) > self.OWNERS:
                self._owners.popitem(last=False)
            return rendered

    def drop(self, owner: str) -> None:
        """Hold nothing of the owner any more."""
        with self._lock:
            self._owners.pop(owner, None)


_cache = _Cache()


def forget(owner: str) -> None:
    """Hold no rendered row of the owner any more."""
    _cache.drop(owner)


def render_rows(
    owner: str | None, page: Page, *, is_oob: bool = False
) -> tuple[str, bool]:
    """Return the table fragment, and whether it polls.

    To be called while the page is active. Equal states give equal bytes.

    Args:
        owner: None for who never submitted: an empty table.
        page: Which rows, and under which ids.
        is_oob: Whether the fragment is part of an answer to something else.
    """
    rendered = None if owner is None else _cache.of(owner)
    window = () if owner is None else submission.window(owner)
    rows = filter_by_task(window, page.task)
    pieces = _render_each(rows, page, {} if rendered is None else rendered)
    if rendered is not None:
        _prune(rendered, window)
    interval = poll_seconds(rows)
    context = {
        "about_to_stop": find_about_to_stop(window),
        "config": get_config(),
        "interval": None if interval is None else round(interval * 1000),
        "is_oob": is_oob,
        "page": page,
        "process": processes.stamp(),
        "rendered": pieces,
        "rows": rows,
    }
    return render_to_string("ephemeral_tasks/rows.html", context), interval is not None


def render_row(one: Row, page: Page) -> SafeString:
    """Return one row as HTML."""
    context = {"page": page, "row": one, "shown": _beside_label(one)}
    return mark_safe(  # noqa: S308  # a template's output
        render_to_string("ephemeral_tasks/row.html", context)
    )


def _beside_label(one: Row) -> list[object]:
    """Return the shown values, unless the label is made of them."""
    with suppress(UnknownTask):
        if callable(registry.get(one.task).label):
            return []
    return [value for value in one.shown.values() if value not in {None, ""}]


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


def poll_seconds(rows: Sequence[Row]) -> float | None:
    """Return the pause until the next poll, None when nothing can change by itself."""
    unfinished = [one.submitted_at for one in rows if not one.is_finished]
    if not unfinished:
        return None
    age = pool.get().clock.time() - max(unfinished).timestamp()
    pause = get_config().poll_seconds
    return pause if age < SLOW_AFTER_SECONDS else max(pause, SLOW_POLL_SECONDS)


def _render_each(
    rows: Sequence[Row], page: Page, rendered: _Rendered
) -> list[SafeString]:
    pieces = []
    for one in rows:
        known = rendered.get((page, one.id))
        if known is None or known[0] != one:
            known = rendered[page, one.id] = (one, render_row(one, page))
        pieces.append(known[1])
    return pieces


def _prune(rendered: _Rendered, window: Sequence[Row]) -> None:
    ids = {one.id for one in window}
    for key in [key for key in list(rendered) if key[1] not in ids]:
        rendered.pop(key, None)


def _changed(owner: str) -> Any:
    # A socket is about to render the owner's rows, which drops what is gone.
    if not push.count(owner):
        _cache.drop(owner)


signals.connect(changed=_changed, ended=forget)
