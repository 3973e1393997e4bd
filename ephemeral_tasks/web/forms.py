"""The form that starts a task without leaving the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from django.forms import BaseForm
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.crypto import get_random_string
from django.utils.safestring import SafeString, mark_safe

from .. import submission
from ..tasks import Task
from ..windows import Handle
from . import inputs, responses

KEY_FIELD = "key"
NEXT_FIELD = "next"

_COUNT = "_ephemeral_tasks_forms"  # a request's attribute: forms rendered for its page
_SUFFIX = re.compile(r"-\w{1,8}", re.ASCII)
_DJANGOS_AUTO_ID = "id_%s"


@dataclass(frozen=True, slots=True)
class FormIds:
    """The ids of one form; a page may have many forms of one task."""

    task: str
    """The task's name."""
    suffix: str = ""
    """Empty for the first form of a page, which keeps Django's ids of fields, too."""

    @classmethod
    def next_of(cls, request: HttpRequest, task: Task) -> Self:
        """Return ids that no other form of the page has."""
        number = getattr(request, _COUNT, 0) + 1
        setattr(request, _COUNT, number)
        if _is_piece(request):  # of a page that may have forms already
            return cls(task.name, f"-{get_random_string(6)}")
        return cls(task.name, "" if number == 1 else f"-{number}")

    @classmethod
    def sent_by(cls, request: HttpRequest, task: Task) -> Self:
        """Return the ids of the form that htmx sent, which names itself."""
        sender = request.headers.get("HX-Trigger", "")
        suffix = sender.removeprefix(cls(task.name).form_id)
        is_ours = sender != suffix and _SUFFIX.fullmatch(suffix)
        return cls(task.name, suffix if is_ours else "")

    @property
    def form_id(self) -> str:
        """The form's."""
        return f"task-form-{self.task}{self.suffix}"

    @property
    def key_id(self) -> str:
        """That of the field with the one-time key."""
        return f"task-key-{self.task}{self.suffix}"

    @property
    def status_id(self) -> str:
        """That of the place for sentences about the form as a whole."""
        return f"task-status-{self.task}{self.suffix}"

    @property
    def auto_id(self) -> str:
        """What Django makes the fields' ids of."""
        return f"id{self.suffix}_%s"


def render_form(
    request: HttpRequest,
    task: Task,
    *,
    form: BaseForm | None = None,
    initial: dict[str, Any] | None = None,
    ids: FormIds | None = None,
) -> SafeString:
    """Return the form as HTML.

    Args:
        request: Its page is where a browser without JavaScript comes back to.
        task: Has a form.
        form: The bound form that was refused; None for an empty one.
        initial: Values to start with.
        ids: Those of the form that this one replaces; None for new ones.
    """
    if form is None:
        form_class = inputs.find_exposed(task.name)[1]
        form = inputs.make_form(form_class, request, initial=initial)
    ids = ids or FormIds.next_of(request, task)
    if form.auto_id == _DJANGOS_AUTO_ID:  # not one of the site's own
        form.auto_id = ids.auto_id
    own = {name for name in (KEY_FIELD, NEXT_FIELD) if name in form.fields}
    context = {
        "form": form,
        "form_id": ids.form_id,
        "key": "" if KEY_FIELD in own else new_key(),
        "key_id": ids.key_id,
        "label": label_of(task),
        "next": "" if NEXT_FIELD in own else page_url(request),
        "status_id": ids.status_id,
        "task": task,
    }
    return mark_safe(  # noqa: S308  # a template's output
        render_to_string("ephemeral_tasks/form.html", context, request)
    )


def render_fresh_key(
    task: Task, ids: FormIds, *, is_seen: bool, stopped: str | None = None
) -> str:
    """Return what an accepted form gets: a new key, and a word where no table says it.

    Args:
        task: Of the form.
        ids: Of the form.
        is_seen: Whether the page has a table that shows the operation.
        stopped: The label of an operation that was stopped to make a place.
    """
    has_own = KEY_FIELD in getattr(task.form, "base_fields", ())
    context = {
        "is_seen": is_seen,
        "key": "" if has_own else new_key(),
        "key_id": ids.key_id,
        "label": label_of(task),
        "status_id": ids.status_id,
        "stopped": stopped,
    }
    return render_to_string("ephemeral_tasks/accepted.html", context)


def submit_form(owner: str, task: Task, form: BaseForm, data: inputs.Data) -> Handle:
    """Submit what a form cleaned; the same key and input again is the same operation.

    Raises:
        EphemeralTasksError: It was refused; nothing was changed.
    """
    arguments = inputs.arguments_of(form)
    if key := key_in(form, data):
        return submission.submit_once(owner, task, key, arguments)
    return submission.submit(owner, task, **arguments)


def key_in(form: BaseForm, data: inputs.Data) -> str | None:
    """Return the one-time key that came with the form; None when there is none."""
    key = None if KEY_FIELD in form.fields else data.get(KEY_FIELD)
    return key if isinstance(key, str) and key else None


def new_key() -> str:
    """Return a key that makes two clicks one operation."""
    return get_random_string(22)


def label_of(task: Task) -> str:
    """Return what the form calls the task; a label made of arguments has none yet."""
    if task.label and not callable(task.label):
        return str(task.label)
    return task.name.replace("_", " ").capitalize()


def page_url(request: HttpRequest) -> str:
    """Return the page that the visitor looks at."""
    if request.method == "GET" and not _is_piece(request):
        return request.get_full_path()
    return responses.next_of(request) or ""


def _is_piece(request: HttpRequest) -> bool:
    return responses.audience_of(request) is responses.Audience.HTMX
