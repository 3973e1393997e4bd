"""``task_action``: an action of Django's admin that a task carries out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin, action
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils.functional import lazy
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext

from .. import submission
from ..conf import get_config
from ..errors import EphemeralTasksError
from ..tasks import Task
from .admin_pages import context_of, url_of
from .owner import owner_of
from .pages import Page
from .permission import is_permitted
from .refusals import TooLarge, refusal_of

ARGUMENT = "ids"
REFUSED = "ephemeral_tasks/admin/refused.html"
_CHUNK = 2000  # rows of one fetch

Action = Callable[..., HttpResponse | None]
"""Called with the ModelAdmin, the request and the selected rows."""


def task_action(
    task: object,
    *,
    description: str | None = None,
    permissions: Sequence[str] | None = None,
) -> Action:
    """Return an action for ``ModelAdmin.actions`` that submits a task.

    The task's function gets ``ids``, the primary keys of the selected rows as a list of
    texts in the list's order. The operation is in the staff member's own window, and
    the answer is a page of the admin that shows it.

    Args:
        task: Declared with ``@task``; it requires no argument but ``ids``.
        description: What the list's menu calls it, as Django's; the task's label by
            default.
        permissions: As those of ``django.contrib.admin.action``: the user needs one of
            them. None for everybody who sees the list.

    Raises:
        TypeError: The task does not take ``ids``, or requires something else.
    """
    declared = Task.of(task)
    _check_arguments(declared)

    def act(
        model_admin: ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        is_allowed = has_one_of(permissions, model_admin, request)
        if not (is_allowed and is_permitted(declared, request)):
            raise PermissionDenied
        return _start(declared, model_admin, request, queryset)

    act.__name__ = declared.name  # under which the menu sends it
    named = description or lazy(_describe, str)(declared)
    return action(permissions=permissions, description=named)(act)


def has_one_of(
    permissions: Sequence[str] | None,
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
) -> bool:
    """Return what ``ModelAdmin._filter_actions_by_permissions`` asks for the menu."""
    return permissions is None or any(
        getattr(model_admin, f"has_{name}_permission")(request) for name in permissions
    )


def collect_ids(queryset: QuerySet[Any], limit: int) -> list[str]:
    """Return the primary keys as texts, in the queryset's order.

    Raises:
        TooLarge: With a separator each they have more than ``limit`` characters; the
            rows after them are not fetched.
    """
    keys = queryset.values_list("pk", flat=True)
    ids, size = [], 0
    for key in keys.iterator(_CHUNK):  # Django wants a size after prefetch_related()
        ids.append(str(key))
        size += len(ids[-1]) + 1
        if size > limit:
            raise TooLarge(limit)
    return ids


def _check_arguments(task: Task) -> None:
    others = sorted(task.required - {ARGUMENT})
    if ARGUMENT not in task.accepted:
        raise TypeError(f"task {task.name!r} must take {ARGUMENT!r} to be an action")
    if others:
        raise TypeError(
            f"task {task.name!r} must require {ARGUMENT!r} alone to be an action, "
            f"got {', '.join(others)}"
        )


def _describe(task: Task) -> str:
    # Django fills the model's names into a description.
    return task.label_for().replace("%", "%%")


def _start(
    task: Task,
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
    queryset: QuerySet[Any],
) -> HttpResponse | None:
    back = escape_leading_slashes(request.get_full_path())
    page = Page.current(request=request)
    _ = page.root  # raises where the site has no route of ours: before the submission
    try:
        ids = collect_ids(queryset, get_config().max_input_bytes)
        handle = submission.submit(owner_of(request), task, ids=ids)
    except TooLarge as error:
        model_admin.message_user(request, _describe_too_many(error), messages.ERROR)
        return None  # Django leads back to the list
    except EphemeralTasksError as error:
        model_admin.message_user(request, refusal_of(error).message, messages.ERROR)
        return _offer_again(task, model_admin, request, back)
    return HttpResponseRedirect(url_of(page, handle.id, back))


def _describe_too_many(error: TooLarge) -> str:
    return gettext(
        "Nothing was started: these are too many rows, their keys take more than "
        "%(size)s. Select fewer, or filter the list."
    ) % {"size": filesizeformat(error.limit)}


def _offer_again(
    task: Task, model_admin: ModelAdmin[Any], request: HttpRequest, back: str
) -> HttpResponse:
    """Return a page that holds the selection, which the list would have lost."""
    context = context_of(request, model_admin, task.label_for(), back)
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
    ]
    return TemplateResponse(request, REFUSED, {**context, "fields": fields})
