"""Checks of a task's policies, when it is declared."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal

from asgiref.sync import iscoroutinefunction
from django.utils.inspect import get_func_args

from .compat import (
    TASK_MAX_PRIORITY,
    TASK_MIN_PRIORITY,
    InvalidTask,
    is_module_level_function,
)

Permission = str | Callable[[Any], object]
"""Django's name of a permission, or a function of the user."""

OnLeave = Literal["keep", "cancel"]


def check_function(
    function: Callable[..., Any], *, takes_context: bool, priority: object
) -> None:
    """Refuse a function that no backend could run.

    Raises:
        InvalidTask: The message is Django's.
    """
    if not is_module_level_function(function):
        raise InvalidTask("Task function must be defined at a module level.")
    if takes_context and get_func_args(function)[:1] != ["context"]:
        raise InvalidTask(
            "Task takes context but does not have a first argument of 'context'."
        )
    low, high = TASK_MIN_PRIORITY, TASK_MAX_PRIORITY
    if not isinstance(priority, int) or not low <= priority <= high:
        raise InvalidTask(f"priority must be a whole number between {low} and {high}.")


def check_presentation(
    task: str, form: object, shown: object, signature: inspect.Signature
) -> None:
    """Refuse what no page could show.

    Raises:
        TypeError: ``form`` is no form class, or ``shown`` no tuple.
        ValueError: ``shown`` names what the function does not take.
    """
    from django.forms import BaseForm  # not needed by most imports of the package

    if form is not None and not (isinstance(form, type) and issubclass(form, BaseForm)):
        raise TypeError(f"form must be a form class or True, got {form!r}")
    if not isinstance(shown, tuple | list):
        raise TypeError(f"shown must be a tuple of names, got {shown!r}")
    for name in shown:
        if name not in signature.parameters:
            known = ", ".join(signature.parameters) or "none"
            raise ValueError(
                f"shown names {name!r}, which {task} does not take; known: {known}"
            )


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
