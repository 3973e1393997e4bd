"""The verbs by name, the same in all processes of a site."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from importlib import import_module
from inspect import signature
from typing import Any

_PACKAGE = __name__.partition(".")[0]


class Kind(Enum):
    """What a verb does to the pool, which decides what follows when a host is lost."""

    LOOK = "look"
    """Changes nothing: another host may be asked instead."""
    CHANGE = "change"
    """Changes what one host knows: no other host can do it."""
    ADD = "add"
    """Brings something new. Another host gets it where it is certain that the lost one
    did not take it."""


FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""What a host calls for each name; filled while modules are imported."""


OF_OWNERS: set[str] = set()
"""The verbs whose first argument is an owner's key. Where no process hosts, their
caller becomes the host, also for a look: else it would not get the notice of a change
that another process makes."""


UNDO: dict[str, Callable[[Any], object]] = {}
"""What takes back, by the answer, what a verb did whose caller waited no more."""


def register(function: Callable[..., Any]) -> str:
    """Put a function into the table and return its name.

    Raises:
        ValueError: Another one has that name.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    if FUNCTIONS.setdefault(name, function) is not function:
        raise ValueError(f"two verbs have the name {name}")
    if next(iter(signature(function).parameters), None) == "owner":
        OF_OWNERS.add(name)
    return name


def find(name: str) -> Callable[..., Any]:
    """Return the function of a verb; its module is imported if it was not.

    A process that serves no pages, or no tasks of Django's, has not needed it so far.

    Raises:
        LookupError: There is no such verb: the client runs other code.
    """
    module = name.rpartition(".")[0]
    if name not in FUNCTIONS and module.startswith(f"{_PACKAGE}."):
        with suppress(ImportError):
            import_module(module)
    return FUNCTIONS[name]
