"""The table's rows as HTML: one renderer for polls and pushes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from .. import signals, submission
from ..conf import get_config
from ..errors import Unreachable
from ..row import Row
from . import processes, push
from .pages import Page
from .row_html import asks_for_form, render_row
from .shown import Shown, choose_shown
from .table_cache import (
    Fragment,
    OwnerTables,
    RenderedTable,
    TableCache,
    size_of,
)

_cache = TableCache()


def forget(owner: str) -> None:
    """Drop all rendered rows of the owner."""
    _cache.drop(owner)


def render_rows(owner: str | None, page: Page, *, is_oob: bool = False) -> Fragment:
    """Return the table fragment.

    To be called while the page is active. Equal states give equal bytes. A form that is
    asked for may read the database: see ``arender_rows``.

    Args:
        owner: None for a visitor without a submission: an empty table.
        page: Which rows, and under which ids.
        is_oob: Whether the fragment is part of an answer to something else.
    """
    if owner is None:
        return _compose((), Shown((), None, None), page, is_oob=is_oob)
    found = _cache.find(owner, page)  # before the window: see `keep`
    seen = _Seen(*found, choose_shown(submission.window(owner), page))
    if not is_oob and (fragment := seen.find_fragment()):
        return fragment
    fragment = _render(page, seen, is_oob=is_oob)
    try:
        _cache.prune(owner, submission.list_ids(owner))
    except Unreachable:
        _cache.drop(owner)
    return fragment


async def arender_rows(owner: str | None, page: Page) -> Fragment:
    """Return the table fragment, as ``render_rows`` does.

    It is rendered in a thread where a form of the site is to be rendered, which may
    read the database, and else at once.
    """
    if owner is None:
        return render_rows(None, page)
    found = _cache.find(owner, page)  # before the window: see `keep`
    seen = _Seen(*found, choose_shown(await submission.awindow(owner), page))
    if fragment := seen.find_fragment():
        return fragment
    if any(map(asks_for_form, seen.shown.rows)):
        # Of what was seen: with a second look the loop could meet a form that came
        # after this decision.
        fragment = await sync_to_async(_render)(page, seen)
    else:
        fragment = _render(page, seen)
    # If an operation was removed during the rendering, its removal was announced before
    # this was kept, and no later call would drop it.
    try:
        _cache.prune(owner, await submission.list_ids.acall(owner))
    except BaseException as error:  # cancelled, too
        _cache.drop(owner)
        if not isinstance(error, Unreachable):
            raise
    return fragment


class _Seen(NamedTuple):
    """What an owner's page shows, and what was rendered of it before."""

    tables: OwnerTables
    known: RenderedTable | None
    shown: Shown

    def find_fragment(self) -> Fragment | None:
        """Return the kept fragment, None when the page has to show something else."""
        if self.known is None or self.known.shown != self.shown:
            return None
        return self.known.fragment


def render_unreachable(page: Page) -> str:
    """Return the fragment of a table whose host does not answer; it polls on.

    To be called while the page is active.
    """
    context = {
        "interval": _in_milliseconds(get_config().poll_seconds),
        "is_unreachable": True,
        "page": page,
        "poll_url": f"{page.root}?{urlencode(page.parameters)}",
        "process": processes.stamp(),
        "unfinished": 0,
    }
    name = "count_number" if page.is_count else "rows"
    return render_to_string(f"ephemeral_tasks/{name}.html", context)


def _render(page: Page, seen: _Seen, *, is_oob: bool = False) -> Fragment:
    tables, known, shown = seen
    pieces = _render_each(shown.rows, page, known)
    fragment = _compose(pieces, shown, page, is_oob=is_oob)
    if not is_oob:
        size = size_of(pieces, fragment)
        _cache.keep(tables, page, RenderedTable(shown, pieces, fragment, size))
    return fragment


def _compose(
    pieces: Sequence[str], shown: Shown, page: Page, *, is_oob: bool
) -> Fragment:
    interval = shown.interval
    version = None if interval is None else _digest(pieces, shown, page)
    context = {
        "about_to_stop": shown.about_to_stop,
        "config": get_config(),
        "interval": None if interval is None else _in_milliseconds(interval),
        "is_oob": is_oob,
        "page": page,
        "poll_url": None if version is None else _poll_url(page, version),
        "process": processes.stamp(),
        "rendered": pieces,
        "rows": shown.rows,
        "unfinished": shown.unfinished,
    }
    name = "count_number" if page.is_count else "rows"
    html = render_to_string(f"ephemeral_tasks/{name}.html", context)
    return Fragment(html, version)


def _in_milliseconds(seconds: float) -> str:
    # A text: a number would be written as the language writes it, "2,000".
    return f"{seconds * 1000:.0f}"


def _digest(pieces: Sequence[str], shown: Shown, page: Page) -> str:
    """Return a text that is another for another fragment or another process."""
    last = shown.about_to_stop
    facts = repr(
        (page, shown.interval, shown.unfinished, last and (last.id, last.label))
    )
    seen = "\0".join([processes.stamp(), facts, *pieces])
    return blake2b(seen.encode(errors="replace"), digest_size=12).hexdigest()


def _poll_url(page: Page, version: str) -> str:
    query = {"process": processes.stamp(), "version": version, **page.parameters}
    return f"{page.root}?{urlencode(query)}"


def _render_each(
    rows: Sequence[Row], page: Page, known: RenderedTable | None
) -> tuple[SafeString, ...]:
    """Return each row's HTML; what has not changed is not rendered anew."""
    before: Mapping[str, tuple[Row, SafeString]] = {}
    if known is not None:
        pairs = zip(known.shown.rows, known.pieces, strict=True)
        before = {row.id: (row, piece) for row, piece in pairs}
    pieces = []
    for row in rows:
        old, piece = before.get(row.id, (None, SafeString()))
        pieces.append(piece if old == row else render_row(row, page))
    return tuple(pieces)


def _drop_unwatched(owner: str) -> None:
    # A socket is about to render the owner's rows, which drops those of removed
    # operations.
    if not push.count(owner):
        _cache.drop(owner)


signals.connect(changed=_drop_unwatched, ended=forget, renewed=_cache.clear)
