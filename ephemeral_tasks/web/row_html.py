"""One operation as HTML."""

from __future__ import annotations

from contextlib import suppress

from asgiref.sync import sync_to_async
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from ..errors import UnknownTask
from ..registry import registry
from ..row import Row
from .pages import Page
from .questions import render_question


def render_row(row: Row, page: Page) -> SafeString:
    """Return one row as HTML."""
    context = {
        "page": page,
        "question": render_question(row, page),
        "row": row,
        "shown": _list_shown(row),
    }
    return mark_safe(  # noqa: S308  # a template's output
        render_to_string("ephemeral_tasks/row.html", context)
    )


async def arender_row(row: Row, page: Page) -> SafeString:
    """Return one row as HTML; in a thread where it has a form of the site."""
    if asks_for_form(row):
        return await sync_to_async(render_row)(row, page)
    return render_row(row, page)


def _list_shown(row: Row) -> list[object]:
    """Return the shown values, unless the label is made of them."""
    with suppress(UnknownTask):
        if callable(registry.get(row.task).label):
            return []
    values = map(_join, row.shown.values())
    return [value for value in values if value not in {None, ""}]


def _join(value: object) -> object:
    """Return a list's values as one text; other values as they are."""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


def asks_for_form(row: Row) -> bool:
    """Return whether it has a form of the site, which may read the database."""
    return row.question is not None and row.question.form is not None
