"""Coordinators by name."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from .attempts import Body
from .coordinator import Coordinator
from .errors import UnknownCoordinator
from .validation import check_body
from .work import WorkCoordinator


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declaration:
    body: Body[Any, Any]
    kind: type[Coordinator[Any, Any]]
    options: dict[str, Any]


class Registry:
    """Declares coordinators at import and makes them where a loop runs.

    It keeps declarations, never coordinators: the caller of ``create`` ends what it
    returns. Declare while modules are imported: no lock protects the declarations.
    """

    def __init__(self) -> None:
        self._declarations: dict[str, _Declaration] = {}

    def declare(
        self,
        name: str,
        body: Body[Any, Any],
        *,
        kind: type[Coordinator[Any, Any]] = WorkCoordinator,
        **options: Any,
    ) -> None:
        """Register how the coordinator of a name is made.

        Args:
            kind: A coordinator's class.
            options: What that class takes besides the body.

        Raises:
            TypeError: The body is no coroutine function, or the kind no coordinator.
            ValueError: The name was declared before.
        """
        check_body(body)
        if not (isinstance(kind, type) and issubclass(kind, Coordinator)):
            raise TypeError(f"kind must be a coordinator's class, got {kind!r}")
        if name in self._declarations:
            raise ValueError(f"a coordinator named {name!r} was declared before")
        declaration = _Declaration(body=body, kind=kind, options=options)
        self._declarations[name] = declaration

    def create(self, name: str) -> Coordinator[Any, Any]:
        """Return a new coordinator for the running loop.

        Raises:
            UnknownCoordinator: Nothing was declared under the name.
            TypeError, ValueError: The declared options do not fit the kind.
        """
        if name not in self._declarations:
            raise UnknownCoordinator(name, self._declarations)
        declaration = self._declarations[name]
        return declaration.kind(declaration.body, **declaration.options)

    @asynccontextmanager
    async def scope(self) -> AsyncGenerator[Scope, None]:
        """Yield coordinators by name, which end with the block.

        They are drained when it ends well and cancelled when it does not, the newest
        first.
        """
        async with AsyncExitStack() as stack:
            yield Scope(self, stack)


class Scope:
    """New coordinators by name, each made at its first look-up."""

    def __init__(self, registry: Registry, stack: AsyncExitStack) -> None:
        self._registry = registry
        self._stack = stack
        self._made: dict[str, Coordinator[Any, Any]] = {}

    def __getitem__(self, name: str) -> Coordinator[Any, Any]:
        """Return the scope's coordinator of a name.

        Raises:
            UnknownCoordinator: Nothing was declared under the name.
        """
        if name not in self._made:
            self._made[name] = self._registry.create(name)
            self._stack.push_async_exit(self._made[name].__aexit__)
        return self._made[name]
