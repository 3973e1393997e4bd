"""Verbs: functions that run where the pool is, in this process or at its host."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import update_wrapper
from inspect import signature
from typing import Any, Generic, ParamSpec, TypeVar, cast

from ..conf import get_config
from . import delivery
from .table import UNDO, Kind, register

P = ParamSpec("P")
R = TypeVar("R")


class Verb(Generic[P, R]):
    """A function that runs where the pool is.

    Called, it blocks until there is an answer, for two seconds at most; on a thread
    whose loop runs, for ``delivery.LOOP_SECONDS``. ``acall`` awaits the answer instead.
    With ``POOL = "process"`` both are the function itself.
    """

    def __init__(
        self, function: Callable[P, R], kind: Kind, *, is_submission: bool = False
    ) -> None:
        self.function = function
        """What it does in the process of the pool."""
        self.kind = kind
        self.is_submission = is_submission
        """Whether it makes a call of a task, which keeps the ``CONTEXT_VARS``."""
        self.name = register(function)
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run it where the pool is.

        Raises:
            Unreachable: The host does not answer. It does not do it later either.
        """
        if get_config().pool == "process":
            return self.function(*args, **kwargs)
        return cast("R", delivery.call(self, args, kwargs))

    async def acall(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run it where the pool is; never blocks the running loop.

        Raises:
            Unreachable: The host does not answer. It does not do it later either.
        """
        if get_config().pool == "process":
            return self.function(*args, **kwargs)
        return cast("R", await delivery.acall(self, args, kwargs))

    def post(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Run it where the pool is, without an answer; a lost host is logged.

        It does not wait on a thread whose loop runs.
        """
        if get_config().pool == "process":
            self.function(*args, **kwargs)
        else:
            delivery.post(self, args, kwargs)


class AsyncVerb(Generic[P, R]):
    """A coroutine function that waits where the pool is, for ``timeout`` seconds.

    That is an argument of the function; without it there is no end. It changes nothing.
    """

    kind = Kind.LOOK
    is_submission = False

    def __init__(self, function: Callable[P, Coroutine[Any, Any, R]]) -> None:
        self.function = function
        """What it does in the process of the pool."""
        self.name = register(function)
        self._signature = signature(function)
        update_wrapper(self, function)

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Wait where the pool is.

        Raises:
            Closed: The host ended before there was an answer.
            Unreachable: There is no connection to the host, or it does not answer two
                seconds after ``timeout``.
        """
        if get_config().pool == "process":
            return await self.function(*args, **kwargs)
        given = self._signature.bind(*args, **kwargs).arguments
        seconds = given.get("timeout")
        return cast("R", await delivery.await_answer(self, args, kwargs, seconds))


def verb(
    kind: Kind,
    *,
    undo: Callable[[Any], object] | None = None,
    is_submission: bool = False,
) -> Callable[[Callable[P, R]], Verb[P, R]]:
    """Return a decorator that makes a function a verb.

    Args:
        kind: What it does to the pool.
        undo: Called with an answer that came after ``Unreachable`` was raised.
        is_submission: Whether it makes a call of a task.
    """

    def decorate(function: Callable[P, R]) -> Verb[P, R]:
        made = Verb(function, kind, is_submission=is_submission)
        if undo is not None:
            UNDO[made.name] = undo
        return made

    return decorate


def async_verb(function: Callable[P, Coroutine[Any, Any, R]]) -> AsyncVerb[P, R]:
    """Make a coroutine function a verb."""
    return AsyncVerb(function)
