"""What crosses to another process, and errors for what cannot."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from typing import Any

_SIMPLE = (str, bytes, bool, int, float, type(None))


def check_arguments(
    task: str, names: Iterable[str], args: Iterable[Any], kwargs: Mapping[str, Any]
) -> None:
    """Refuse arguments that could not cross, also where they would not have to.

    Args:
        task: The task's name.
        names: Of the arguments that are given by place.
        args: Those.
        kwargs: The others.

    Raises:
        TypeError: The message names the argument.
    """
    places = [*names]
    last = len(places) - 1  # of ``*args``
    by_place = [(places[min(n, last)], value) for n, value in enumerate(args)]
    for name, value in [*by_place, *kwargs.items()]:
        problem = find_problem(value)
        if problem:
            raise TypeError(
                f"{task}: argument {name!r} must be picklable with "
                f"POOL = 'machine', {problem}"
            )


def find_problem(value: Any) -> str:
    """Return why a value cannot be pickled, nothing if it can."""
    if isinstance(value, _SIMPLE):
        return ""
    try:
        pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # of any class: objects define how they are pickled
        # Not the error's own words: they may quote the value.
        return f"got {type(value).__name__} ({type(error).__name__})"
    return ""
