"""Whether a task exists for a visitor, who may lack its permission."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured

from ..errors import UnknownTask
from ..tasks import Task
from .user import Source, user_of


def is_permitted(task: Task, source: Source) -> bool:
    """Return whether a task exists for a visitor; may look into the database.

    Raises:
        ImproperlyConfigured: The task has a permission, and the request no user.
    """
    if task.permission is None:
        return True
    user = user_of(source)
    if user is None:
        raise ImproperlyConfigured(
            f"task {task.name!r} has a permission: add "
            "django.contrib.auth.middleware.AuthenticationMiddleware to MIDDLEWARE"
        )
    if isinstance(task.permission, str):
        return bool(user.has_perm(task.permission))
    return bool(task.permission(user))


async def check_permission(task: Task, source: Source) -> None:
    """Do nothing for a task that exists for the visitor; looks it up in a thread.

    Raises:
        UnknownTask: It does not; the answer is the same as for an unknown name.
    """
    if task.permission is not None and not await sync_to_async(is_permitted)(
        task, source
    ):
        raise UnknownTask(task.name)
