"""The context variables that bodies see as they were at the submission."""

from __future__ import annotations

from collections.abc import Iterable
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
    return tuple([(load(path), value) for path, value in capture_named()])


def capture_named() -> tuple[tuple[str, Any], ...]:
    """Return the same by dotted path, as another process can take it.

    Raises:
        ImproperlyConfigured: A path leads to no context variable.
    """
    paths = get_config().context_vars
    if not paths:
        return ()
    found = [(path, load(path).get(_UNSET)) for path in paths]
    return tuple([pair for pair in found if pair[1] is not _UNSET])


def set_named(values: Iterable[tuple[str, Any]]) -> None:
    """Give variables the values that ``capture_named`` returned, in this context."""
    for path, value in values:
        load(path).set(value)


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
