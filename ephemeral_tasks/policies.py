"""Checks of a task's policies, when it is declared."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal

from asgiref.sync import iscoroutinefunction

from .compat import InvalidTask

Permission = str | Callable[[Any], object]
"""Django's name of a permission, or a function of the user."""

OnLeave = Literal["keep", "cancel"]


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


def check_siblings(
    unique: object, supersede: object, signature: inspect.Signature
) -> None:
    """Refuse what says nothing about an owner's other operations of the task.

    Raises:
        TypeError: ``unique`` is no tuple, or ``supersede`` no bool.
        InvalidTask: ``unique`` names what the function does not take.
    """
    if not isinstance(unique, tuple | list):
        raise TypeError(f"unique must be a tuple of names, got {unique!r}")
    for name in unique:
        if name not in signature.parameters:
            known = ", ".join(signature.parameters) or "none"
            raise InvalidTask(
                f"unique names {name!r}, which the task does not take; known: {known}"
            )
    if not isinstance(supersede, bool):
        raise TypeError(f"supersede must be True or False, got {supersede!r}")


def check_on_leave(on_leave: object) -> None:
    """Refuse what is none of the two words.

    Raises:
        ValueError: The message names them.
    """
    if on_leave not in ("keep", "cancel"):
        raise ValueError(f"on_leave must be 'keep' or 'cancel', got {on_leave!r}")
