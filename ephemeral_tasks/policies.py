"""Checks of a task's policies, when it is declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction

Permission = str | Callable[[Any], object]
"""Django's name of a permission, or a function of the user."""


def check_permission(permission: object) -> None:
    """Refuse what no visitor's user could be asked with.

    Raises:
        TypeError: It is neither a text nor a plain function.
        ValueError: It is no name such as ``"reports.close_year"``.
    """
    if isinstance(permission, str):
        app_label, _, codename = permission.partition(".")
        if not app_label or not codename:
            raise ValueError(
                f"permission must be an app's label, a dot and a codename, "
                f"got {permission!r}"
            )
    elif permission is not None and (
        not callable(permission) or iscoroutinefunction(permission)
    ):
        raise TypeError(
            "permission must be a permission's name or a plain function of the user, "
            f"got {permission!r}"
        )
