"""Running a task's function as the body of an operation."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, Protocol, cast

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from django.conf import settings
from django.db import connections
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from ..conf import get_config
from ..core.context import CURRENT
from ..core.operation import Value
from ..errors import ResultTooLarge, ResultUnfit
from ..machine import process
from ..machine.pickles import find_problem
from ..variables import Variables
from .call import size_of
from .contexts import PoolContext
from .executors import BodyExecutor
from .operation import PoolOperation
from .threads import carry


class Runnable(Protocol):
    """A call that can be run."""

    @property
    def is_async(self) -> bool:
        """True when the function is a coroutine function."""

    @property
    def language(self) -> str | None:
        """The language in which it runs."""

    @property
    def variables(self) -> Variables:
        """The context variables that it sees."""

    def function(self, context: Callable[[], object]) -> Callable[[], Any]:
        """Return the function with its arguments."""

    def value(self, returned: Any) -> Any:
        """Return the value to keep of the one that the function returned."""


class PlainRunner(Protocol):
    """Where plain functions run."""

    def run(
        self, context: contextvars.Context, function: Callable[[], Any]
    ) -> asyncio.Future[Any]:
        """Call the function in a thread; the future gets its outcome."""


async def run(call: Runnable, threads: PlainRunner) -> Any:
    """Call the task's function and return its value.

    It sees the submitter's language and ``CONTEXT_VARS``.

    Raises:
        ResultTooLarge: The value is larger than ``MAX_RESULT_BYTES``.
        ResultUnfit: With ``POOL = "machine"`` no other process could fetch the value.
    """
    context = cast("PoolContext", CURRENT.get())
    _activate(call.language)
    for variable, value in call.variables:
        variable.set(value)  # never reset: the attempt's context ends with it
    if call.is_async:
        value = await in_own_thread(call.function(context.task_context))
    else:
        value = await _run_plain(call, threads, context)
        if inspect.isawaitable(value):  # an `async def` behind a plain wrapper
            value = await in_own_thread(partial(_await, value))
    _refuse_unrun(value)
    value = call.value(value)
    _refuse_unportable(value)
    context.operation.result_bytes = _measure(value, context.operation)
    return value


def _measure(value: object, operation: PoolOperation) -> int:
    """Return how many bytes a value keeps besides the output.

    Raises:
        ResultTooLarge: It is too large, or the output was.
    """
    if operation.output_refusal is not None:  # the body went on nevertheless
        raise ResultTooLarge(operation.output_refusal)
    if operation.buffer is not None and operation.buffer.is_held_by(value):
        return 0
    size = size_of(value)
    config = get_config()
    if size > min(config.max_result_bytes, config.max_kept_bytes):
        raise ResultTooLarge(_("The result is too large to be kept."))
    return size


def _refuse_unportable(value: object) -> None:
    if process.is_shared() and find_problem(value):
        raise ResultUnfit(_("The result is of a kind that cannot be kept."))


def _refuse_unrun(value: object) -> None:
    """Refuse what a function returned that has not run, as if it were a result.

    Raises:
        TypeError: A decorator hid from the declaration what the function is.
    """
    if isinstance(value, CoroutineType):
        value.close()  # or Python warns, too
    if isinstance(value, GeneratorType | AsyncGeneratorType | CoroutineType):
        raise TypeError(f"the task returned a {type(value).__name__}, which never ran")


def _run_in_language(language: str | None, function: Callable[[], Any]) -> Any:
    _activate(language)
    return function()


def _activate(language: str | None) -> None:
    if language not in {None, settings.LANGUAGE_CODE}:  # the default costs nothing
        translation.activate(language)


async def _await(value: Awaitable[Value]) -> Value:
    return await value


async def in_own_thread(function: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
    """Await a coroutine function, with a database thread of its own if it needs one.

    An error that would end the pool's loop comes out inside a carrier.

    asgiref runs thread-sensitive code, such as Django's async ORM, in the thread of
    the context. Without a context of its own every body would share one thread and
    one connection.
    """
    context, executor = ThreadSensitiveContext(), BodyExecutor()
    SyncToAsync.context_to_thread_executor[context] = executor
    # Never reset: the variables are the attempt's own and end with it, and a body that
    # was left behind at the pool's end is closed elsewhere, where a reset is an error.
    SyncToAsync.thread_sensitive_context.set(context)
    try:
        return await function()
    except (SystemExit, KeyboardInterrupt) as error:  # would end the pool's loop
        raise carry(error) from None
    finally:
        # Not its __aexit__, which blocks the loop until the thread has ended.
        SyncToAsync.context_to_thread_executor.pop(context, None)
        executor.close(connections.close_all)


async def _run_plain(call: Runnable, threads: PlainRunner, context: PoolContext) -> Any:
    """Run a plain function in a thread to its end, also when cancelled meanwhile."""
    # asgiref shows a language to the thread alone that activated it.
    function = partial(
        _run_in_language, call.language, call.function(context.task_context)
    )
    future = threads.run(contextvars.copy_context(), function)
    del function
    while not future.done():
        try:
            await asyncio.wait((future,))
        except asyncio.CancelledError:
            # The thread goes on until it returns or reaches progress(); until then
            # the operation keeps its slot, and the coordinator remembers the request.
            continue
    try:
        return future.result()
    finally:
        del future  # this frame is in the error's traceback, and the future has that
