"""The rights of operators: permissions of Django's, each for itself."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

VIEW, PAUSE, RESIZE, CANCEL = RIGHTS = ("view", "pause", "resize", "cancel")


def may(user: Any, right: str) -> bool:
    """Return whether a user has a right; superusers have all."""
    return bool(user.has_perm(f"ephemeral_tasks.{right}_pool"))


def require(request: HttpRequest, right: str) -> None:
    """Do nothing for a user with this right.

    Raises:
        PermissionDenied: The user lacks it.
    """
    if not may(request.user, right):
        raise PermissionDenied


def rights_of(user: Any) -> set[str]:
    """Return the rights that a user has."""
    return {right for right in RIGHTS if may(user, right)}
