"""What crosses to another process, and errors for what cannot."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..variables import capture_named
from .wire import values_limit


def check_call(
    task: str, names: Iterable[str], args: Iterable[Any], kwargs: Mapping[str, Any]
) -> None:
    """Refuse a call that could not cross, also where it would not have to.

    With it go the values of ``CONTEXT_VARS``.

    Args:
        task: The task's name.
        names: Of the arguments that are given by place.
        args: Those.
        kwargs: The others.

    Raises:
        TypeError: The message names the argument or the variable.
    """
    total, limit = 0, values_limit()
    for what, value in _name_each(names, args, kwargs):
        try:
            total += _count_bytes(value)
        except Exception as error:  # of any class: objects define how they are pickled
            raise TypeError(
                f"{task}: {what} must be picklable with POOL = 'machine', "
                f"{_describe(value, error)}"
            ) from None
        if total > limit:
            raise TypeError(
                f"{task}: {what} must have, with what comes before it, at most "
                f"{limit} bytes with POOL = 'machine', got {total}"
            )


def find_problem(value: Any) -> str:
    """Return why a value cannot be pickled, nothing if it can."""
    try:
        _count_bytes(value)
    except Exception as error:  # of any class: objects define how they are pickled
        return _describe(value, error)
    return ""


def _name_each(
    names: Iterable[str], args: Iterable[Any], kwargs: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    places = [*names]
    last = len(places) - 1  # of ``*args``
    for number, value in enumerate(args):
        yield f"argument {places[min(number, last)]!r}", value
    for name, value in kwargs.items():
        yield f"argument {name!r}", value
    for path, value in capture_named():
        yield f"CONTEXT_VARS {path!r}", value


def _count_bytes(value: Any) -> int:
    kind = type(value)
    if kind is bytes or (kind is str and value.isascii()):  # no copy of a long text
        return len(value)
    return len(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


def _describe(value: Any, error: Exception) -> str:
    # Not the error's own words: they may quote the value.
    return f"got {type(value).__name__} ({type(error).__name__})"
