"""Declaring named coordinators that the pool hosts, and finding them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Unpack, overload

from django.utils import translation

from ..core import Coordinator, KeyedCoordinator, PriorityCoordinator, WorkCoordinator
from ..core.attempts import Body
from ..core.errors import UnknownCoordinator
from ..core.operation import Item, Value
from ..core.options import KeyedOptions, LaneOptions, Options
from ..core.registry import Registry
from ..core.validation import check_body
from .body import in_own_thread
from .hosted import LANGUAGE, HostedCoordinator, HostedLanes
from .threads import Raised


class Coordinators(Mapping[str, HostedCoordinator[Any, Any]]):
    """The declared coordinators by name; an unknown name lists the known ones."""

    def __init__(self) -> None:
        self._registry = Registry()
        self._hosted: dict[str, HostedCoordinator[Any, Any]] = {}
        """Filled while modules are imported, then only read."""

    def add(
        self,
        name: str,
        body: Body[Any, Any],
        *,
        kind: type[Coordinator[Any, Any]],
        **options: Any,
    ) -> HostedCoordinator[Any, Any]:
        """Declare a coordinator and return the object that submits to it."""
        self._registry.declare(name, body, kind=kind, **options)
        has_lanes = issubclass(kind, PriorityCoordinator)
        hosted: HostedCoordinator[Any, Any]
        hosted = (HostedLanes if has_lanes else HostedCoordinator)(name, self._registry)
        self._hosted[name] = hosted
        return hosted

    def __getitem__(self, name: str) -> HostedCoordinator[Any, Any]:
        try:
            return self._hosted[name]
        except KeyError:
            raise UnknownCoordinator(name, self._hosted) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._hosted)

    def __len__(self) -> int:
        return len(self._hosted)


coordinators = Coordinators()


@overload
def coordinator(
    name: str,
    /,
    *,
    kind: type[KeyedCoordinator[Any, Any]],
    **options: Unpack[KeyedOptions],
) -> Callable[[Body[Item, Value]], HostedCoordinator[Item, Value]]: ...


@overload
def coordinator(
    name: str,
    /,
    *,
    kind: type[PriorityCoordinator[Any, Any]],
    **options: Unpack[LaneOptions],
) -> Callable[[Body[Item, Value]], HostedLanes[Item, Value]]: ...


@overload
def coordinator(
    name: str,
    /,
    *,
    kind: type[WorkCoordinator[Any, Any]] = ...,
    **options: Unpack[Options],
) -> Callable[[Body[Item, Value]], HostedCoordinator[Item, Value]]: ...


def coordinator(
    name: str,
    /,
    *,
    kind: type[Coordinator[Any, Any]] = WorkCoordinator,
    **options: Any,
) -> Callable[[Body[Any, Any]], HostedCoordinator[Any, Any]]:
    """Turn a coroutine function into a named coordinator that the pool hosts.

    Args:
        name: What ``coordinators`` finds it by; unique in the process.
        kind: The core's coordinator class.
        options: What that class takes, ``limit`` at least.

    Raises:
        ValueError: The name is taken.
        TypeError: The decorated function is no coroutine function.
    """

    def declare(body: Body[Any, Any]) -> HostedCoordinator[Any, Any]:
        async def in_thread(item: Any) -> Any:
            # Here: asgiref shows a language to the thread alone that activated it.
            if (language := LANGUAGE.get()) is not None:
                translation.activate(language)
            try:
                return await in_own_thread(partial(body, item))
            except Raised as raised:
                error = type(raised.error).__name__
                raise RuntimeError(f"the body raised {error}") from None

        check_body(body)
        return coordinators.add(name, in_thread, kind=kind, **options)

    return declare
