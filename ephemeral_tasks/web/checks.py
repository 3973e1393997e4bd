"""System checks of the tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Info, register
from django.forms import ModelChoiceField
from django.urls import get_resolver

from ..compat import InvalidTask
from ..registry import registry
from .mount import list_places

_AUTHENTICATION = "AuthenticationMiddleware"


@register("ephemeral_tasks")
def check_tasks(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Return what is wrong with the declared tasks."""
    _import_views()
    return [
        *_check_names(),
        *_check_forms(),
        *_check_permissions(),
        *_check_routes(),
    ]


# One line a task is too much for each command: only ``check --deploy`` asks for it.
@register("ephemeral_tasks", deploy=True)
def check_exposure(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Return a line for each task that every visitor may start."""
    _import_views()
    return [
        Info(
            f"Task {task.name!r} ({task.module_path}) has a form: every visitor may "
            "start it.",
            id="ephemeral_tasks.I001",
        )
        for task in registry.list_exposed()
        if task.permission is None
    ]


def _import_views() -> None:
    """Import what the URLconf imports: a task may be declared there and nowhere else.

    Django's own check of the URLconf reports whatever it raises.
    """
    with suppress(Exception):  # Django's own check reports it
        _ = get_resolver().url_patterns


def _check_names() -> Iterator[CheckMessage]:
    for name, paths in registry.clashes():
        yield Error(
            f"Several tasks are named {name!r}: {', '.join(paths)}.",
            hint="Rename all functions but one; a task's URL is its name.",
            id="ephemeral_tasks.E002",
        )


def _check_forms() -> Iterator[CheckMessage]:
    for task in registry.list_exposed():
        try:
            fields = getattr(task.form, "base_fields", {})
        except InvalidTask as error:
            yield Error(
                str(error),
                hint="Import what it names outside of `if TYPE_CHECKING`.",
                id="ephemeral_tasks.E010",
            )
            continue
        for name, field in fields.items():
            if isinstance(field, ModelChoiceField):
                yield Error(
                    f"The form of task {task.name!r} yields model instances: {name}.",
                    hint="Use a ChoiceField or an IntegerField and pass the key; the "
                    "body runs later, in another thread.",
                    id="ephemeral_tasks.E003",
                )


def _check_permissions() -> Iterator[CheckMessage]:
    guarded = [task for task in registry.list_exposed() if task.permission is not None]
    if guarded and not any(_AUTHENTICATION in name for name in settings.MIDDLEWARE):
        yield checks.Warning(
            f"Task {guarded[0].name!r} has a permission, and requests have no user.",
            hint=f"Add 'django.contrib.auth.middleware.{_AUTHENTICATION}' to "
            "MIDDLEWARE.",
            id="ephemeral_tasks.W006",
        )
    for task in guarded:
        label = str(task.permission).partition(".")[0]
        if isinstance(task.permission, str) and label not in apps.app_configs:
            yield checks.Warning(
                f"The permission of task {task.name!r} is {task.permission!r}, and no "
                f"installed app has the label {label!r}: only superusers have it.",
                hint="Write the app's label, a dot and the codename.",
                id="ephemeral_tasks.W007",
            )


def _check_routes() -> Iterator[CheckMessage]:
    if registry.list_exposed() and _has_no_routes():
        yield checks.Warning(
            "Tasks have forms, and the URLconf has no routes to start them.",
            hint='Add path("tasks/", include("ephemeral_tasks.urls")) to it, or '
            "silence this where a middleware sets request.urlconf.",
            id="ephemeral_tasks.W005",
        )


def _has_no_routes() -> bool:
    with suppress(Exception):  # Django's own check reports a broken URLconf
        return not list_places()
    return False
