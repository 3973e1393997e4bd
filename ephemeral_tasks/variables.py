"""The context variables that bodies see as they were at the submission."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .conf import get_config

Variables = tuple[tuple[ContextVar[Any], Any], ...]
"""Variables and their values."""

_UNSET = object()


def capture() -> Variables:
    """Return the values that the variables of ``CONTEXT_VARS`` have here.

    One without a value is left out.

    Raises:
        ImproperlyConfigured: A path leads to no context variable.
    """
    paths = get_config().context_vars
    if not paths:
        return ()
    found = [(variable, variable.get(_UNSET)) for variable in map(load, paths)]
    return tuple([pair for pair in found if pair[1] is not _UNSET])


def load(path: str) -> ContextVar[Any]:
    """Return the context variable with this dotted path.

    Raises:
        ImproperlyConfigured: There is none.
    """
    try:
        found: object = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"CONTEXT_VARS has {path!r}, which cannot be imported: {error}"
        ) from error
    if not isinstance(found, ContextVar):
        kind = type(found).__name__
        raise ImproperlyConfigured(
            f"CONTEXT_VARS has {path!r}, which is no ContextVar but a {kind}"
        )
    return found
