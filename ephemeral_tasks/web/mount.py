"""Where a URLconf has the package's routes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import (
    NoReverseMatch,
    URLResolver,
    get_resolver,
    get_urlconf,
    reverse,
)

APP_NAME = "ephemeral_tasks"


class Place(NamedTuple):
    """One ``include("ephemeral_tasks.urls")`` of a URLconf."""

    namespace: str
    """With those of the includes around it: ``shop:ephemeral_tasks``."""

    pattern: str
    """The pattern of the address, with the variables that it is below."""


def find_mount(request: HttpRequest | None) -> str | None:
    """Return the path of the table's route, None where there is none.

    Args:
        request: Its URL gives the values for routes below a variable.
    """
    with suppress(NoReverseMatch):
        return reverse(f"{APP_NAME}:table")  # nearly always; Django has cached it
    match = None if request is None else request.resolver_match
    values = {} if match is None else match.kwargs
    for place in list_places():
        if (path := _path_of(place, values)) is not None:
            return path
    return None


def list_places() -> list[Place]:
    """Return where the active URLconf includes our routes."""
    return [*_walk(get_resolver(get_urlconf()), "", "")]


def _walk(resolver: URLResolver, namespaces: str, above: str) -> Iterator[Place]:
    for name, (pattern, below) in resolver.namespace_dict.items():
        namespace, whole = f"{namespaces}{name}", f"{above}{pattern}"
        if below.app_name == APP_NAME:
            yield Place(namespace, whole)
        else:
            yield from _walk(below, f"{namespace}:", whole)


def _path_of(place: Place, values: dict[str, Any]) -> str | None:
    captured = {
        name: value for name, value in values.items() if f"(?P<{name}>" in place.pattern
    }
    try:
        return reverse(f"{place.namespace}:table", kwargs=captured)
    except NoReverseMatch:
        return None
