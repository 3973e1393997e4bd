"""The form that starts a task without leaving the page."""

from __future__ import annotations

import hashlib
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.crypto import get_random_string
from django.utils.http import escape_leading_slashes
from django.utils.safestring import SafeString, mark_safe

from .. import submission
from ..tasks import Task
from ..windows import Handle
from . import inputs
from .audience import Audience, audience_of
from .form_class import make_form
from .form_ids import DJANGOS_AUTO_ID, FormIds
from .next_page import next_of
from .pages import Page

KEY_FIELD = "key"
NEXT_FIELD = "next"
MAX_KEY_LENGTH = 64


def render_form(
    request: HttpRequest,
    task: Task,
    *,
    form: BaseForm | None = None,
    initial: dict[str, Any] | None = None,
    ids: FormIds | None = None,
    next_url: str | None = None,
) -> SafeString:
    """Return the form as HTML.

    Args:
        request: Its page is where a browser without JavaScript comes back to.
        task: Has a form.
        form: The bound form that was refused; None for an empty one.
        initial: Values to start with.
        ids: Those of the form that this one replaces; None for new ones.
        next_url: Where a browser without JavaScript goes then; None for the page
            that the visitor looks at.
    """
    if form is None:
        form_class = inputs.find_exposed(task.name)[1]
        form = make_form(form_class, request, initial=initial)
    ids = ids or FormIds.next_of(request, task)
    if form.auto_id == DJANGOS_AUTO_ID:  # not one of the site's own
        form.auto_id = ids.auto_id
    page = Page.current(request=request)
    own = {name for name in (KEY_FIELD, NEXT_FIELD) if name in form.fields}
    context = {
        "action": page.url("start", task.name) + page.language_query,
        "form": form,
        "form_id": ids.form_id,
        "key": "" if KEY_FIELD in own else new_key(),
        "key_id": ids.key_id,
        "label": task.label_for(),
        "next": "" if NEXT_FIELD in own else next_url or page_url(request),
        "status_id": ids.status_id,
        "task": task,
    }
    return mark_safe(  # noqa: S308  # a template's output
        render_to_string("ephemeral_tasks/form.html", context, request)
    )


def render_accepted(
    task: Task,
    ids: FormIds,
    *,
    label: str,
    is_seen: bool,
    stopped: str | None = None,
) -> str:
    """Return a new one-time key, and a confirmation if the page has no table.

    Args:
        task: Of the form.
        ids: Of the form.
        label: Of the accepted operation.
        is_seen: Whether the page has a table that shows the operation.
        stopped: The label of an operation that was stopped to make a place.
    """
    has_own = KEY_FIELD in getattr(task.form, "base_fields", ())
    context = {
        "is_seen": is_seen,
        "key": "" if has_own else new_key(),
        "key_id": ids.key_id,
        "label": label,
        "status_id": ids.status_id,
        "stopped": stopped,
    }
    return render_to_string("ephemeral_tasks/accepted.html", context)


async def submit_form(
    owner: str, task: Task, form: BaseForm, data: inputs.Data
) -> Handle:
    """Submit what a form cleaned; the same key and input again is the same operation.

    Raises:
        EphemeralTasksError: It was refused; nothing was changed.
    """
    arguments = inputs.arguments_of(form)
    if key := key_in(form, data):
        return await submission.asubmit_once(owner, task, key, arguments)
    return await submission.asubmit(owner, task, **arguments)


def key_in(form: BaseForm, data: inputs.Data) -> str | None:
    """Return a digest of the one-time key that came with the form, None without one.

    A digest, because it is kept as long as the operation and outside of
    ``MAX_KEPT_BYTES``. A key that is longer than any of ours is none.
    """
    key = None if KEY_FIELD in form.fields else data.get(KEY_FIELD)
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY_LENGTH:
        return None
    return hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=16).hexdigest()


def new_key() -> str:
    """Return a one-time key, by which two clicks make one operation."""
    return get_random_string(22)


def page_url(request: HttpRequest) -> str:
    """Return the page that the visitor looks at."""
    if request.method == "GET" and audience_of(request) is not Audience.HTMX:
        return escape_leading_slashes(request.get_full_path())
    return next_of(request) or ""
