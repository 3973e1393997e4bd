"""Named coordinators that the pool hosts: for work that no visitor watches."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Generator, Iterator, Mapping
from contextvars import ContextVar
from functools import partial
from typing import Any, Generic, Unpack, cast

from django.utils import translation

from ..core import Coordinator, Operation, Snapshot, Statistics, Status, WorkCoordinator
from ..core.attempts import Body
from ..core.errors import Closed, NotFinished, UnknownCoordinator
from ..core.operation import Item, Value
from ..core.options import Options
from ..core.output import Output
from ..core.registry import Registry
from ..core.validation import check_at_least, check_body, check_seconds
from . import get
from .body import in_own_thread
from .pool import Pool
from .threads import Raised
from .waiters import wait, wait_in_thread

_language: ContextVar[str | None] = ContextVar("language", default=None)
"""The submitter's language, on its way to the body."""


class HostedOperation(Generic[Item, Value]):
    """An operation of a hosted coordinator, for any thread and any loop."""

    __slots__ = ("_operation", "_pool")

    def __init__(self, pool: Pool, operation: Operation[Item, Value]) -> None:
        self._pool = pool
        self._operation = operation

    @property
    def id(self) -> str:
        """The operation's id."""
        return self._operation.id

    @property
    def status(self) -> Status:
        """The operation's state at this instant."""
        return self.snapshot().status

    def snapshot(self) -> Snapshot:
        """Return a frozen picture."""
        return self._operation.snapshot()

    def cancel(self) -> bool:
        """Ask it to end CANCELLED, soon; False when it had finished."""
        if self._operation.is_finished:
            return False
        self._pool.loop.post(self._operation.cancel)
        return True

    def result(self, timeout: float | None = None) -> Value:
        """Wait for the end, in a thread, and return the value or raise the error.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            NotFinished: It has not finished after ``timeout`` seconds.
            OperationCancelled: It was cancelled.
            RuntimeError: Called on the pool's own loop, which would wait for itself.
        """
        if not self._operation.is_finished:
            if self._pool.loop.is_current():
                raise RuntimeError(
                    "result() would block the pool's own loop; await the operation"
                )
            if not wait_in_thread(self._pool.loop, self._operation, timeout):
                raise NotFinished(self.id)
        return self._operation.outcome()

    def output(self, start: int = 0, attempt: int | None = None) -> Output:
        """Return what its body has written from ``start`` on."""
        return self._operation.output_nowait(start, attempt)

    async def aoutput(self, start: int = 0, attempt: int | None = None) -> Output:
        """Wait, on the caller's loop, for more, another attempt or the end."""
        return await self._operation.output(start, attempt)

    def __await__(self) -> Generator[Any, None, Value]:
        if not self._operation.is_finished:
            yield from wait(self._pool.loop, self._operation).__await__()
        return self._operation.outcome()


class HostedCoordinator(Generic[Item, Value]):
    """A named coordinator on the pool's loop; methods may be called on any thread.

    Made at its first submission, one for each process, and drained with the pool.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        """The name under which ``coordinators`` finds it."""

    def submit(self, item: Item) -> HostedOperation[Item, Value]:
        """Take an item; never waits.

        The body starts in an empty context, in the caller's language.

        Raises:
            QueueFull: As many wait as may wait; nothing was changed.
            Closed: The process is ending.
        """
        hosting = _find_hosting(self.name)
        operation = hosting.coordinator.prepare(item)
        operation.variables = contextvars.Context()
        operation.variables.run(_language.set, translation.get_language())
        hosting.accept(operation)
        return HostedOperation(hosting.pool, operation)

    def pause(self, *, for_seconds: float | None = None) -> None:
        """Start no more bodies until ``resume``; running ones go on.

        Args:
            for_seconds: After which this pause ends by itself.
        """
        check_seconds("for_seconds", for_seconds)
        self._post("pause", for_seconds=for_seconds)

    def resume(self) -> None:
        """Start waiting operations, now and from now on."""
        self._post("resume")

    def resize(self, limit: int) -> None:
        """Run ``limit`` bodies at once, from now on.

        Raises:
            TypeError, ValueError: ``limit`` is no whole number from 1 on.
        """
        check_at_least("limit", limit, 1)
        self._post("resize", limit)

    def statistics(self) -> Statistics:
        """Return the counters of this instant."""
        return _find_hosting(self.name).coordinator.statistics()

    def _post(self, method: str, *args: Any, **options: Any) -> None:
        hosting = _find_hosting(self.name)
        call = partial(getattr(hosting.coordinator, method), *args, **options)
        hosting.pool.loop.post(call)


class Hosting:
    """A coordinator on one pool's loop."""

    def __init__(self, pool: Pool, coordinator: Coordinator[Any, Any]) -> None:
        self.pool = pool
        self.coordinator = coordinator

    def accept(self, operation: Operation[Any, Any]) -> None:
        """Take an operation, from any thread; the loop runs started bodies.

        Raises:
            QueueFull, Closed: It was refused, and nothing was changed.
        """
        if self.pool.ledger.is_closed:
            raise Closed("closed: this process is ending")
        accepted = operation.facts()
        started = self.coordinator.accept(operation)
        self.pool.loop.post(self.coordinator.run_accepted, accepted, started)


class Coordinators(Mapping[str, HostedCoordinator[Any, Any]]):
    """The declared coordinators by name; an unknown name lists the known ones."""

    def __init__(self) -> None:
        self.registry = Registry()
        self._hosted: dict[str, HostedCoordinator[Any, Any]] = {}
        """Filled while modules are imported, then only read."""

    def add(self, name: str, body: Body[Any, Any], **options: Any) -> Any:
        """Declare a coordinator and return the object that submits to it."""
        self.registry.declare(name, body, **options)
        self._hosted[name] = HostedCoordinator(name)
        return self._hosted[name]

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


def coordinator(
    name: str,
    /,
    *,
    kind: Callable[..., Coordinator[Any, Any]] = WorkCoordinator,
    **options: Unpack[Options],
) -> Callable[[Body[Item, Value]], HostedCoordinator[Item, Value]]:
    """Turn a coroutine function into a named coordinator that the pool hosts.

    Args:
        name: What ``coordinators`` finds it by; unique in the process.
        kind: The core's coordinator class.
        options: What that class takes, ``limit`` at least.

    Raises:
        ValueError: The name is taken.
        TypeError: The decorated function is no coroutine function.
    """

    def declare(body: Body[Item, Value]) -> HostedCoordinator[Item, Value]:
        async def in_thread(item: Item) -> Value:
            # Here: asgiref shows a language to the thread alone that activated it.
            if (language := _language.get()) is not None:
                translation.activate(language)
            try:
                return await in_own_thread(partial(body, item))
            except Raised as raised:
                kind = type(raised.error).__name__
                raise RuntimeError(f"the body raised {kind}") from None

        check_body(body)
        hosted: HostedCoordinator[Item, Value]
        hosted = coordinators.add(name, in_thread, kind=kind, **options)
        return hosted

    return declare


def _find_hosting(name: str) -> Hosting:
    pool = get()
    return cast("Hosting", pool.host(name, partial(_make, pool, name)))


def _make(pool: Pool, name: str) -> Hosting:
    return Hosting(pool, coordinators.registry.create(name))
