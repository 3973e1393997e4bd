"""Running a task's function as the body of an operation."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import pickle
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from django.conf import settings
from django.db import connections
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from ..conf import get_config
from ..core.context import OperationContext, current_operation
from ..core.errors import OperationCancelled
from ..core.operation import Value
from ..errors import ResultTooLarge, TaskFailed
from ..tasks import Task
from .executors import Lane
from .task_result import context_of
from .threads import Threads, carry

if TYPE_CHECKING:
    from .operation import PoolOperation


class Call:
    """What an operation's body is called with; the one place that refers to content."""

    __slots__ = ("args", "kwargs", "language", "task")

    def __init__(
        self, task: Task, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        self.task = task
        self.args = args
        self.kwargs = kwargs
        self.language = translation.get_language()
        """The submitter's active language, in which the body runs, too."""

    @property
    def is_async(self) -> bool:
        """True when the function is a coroutine function."""
        return self.task.is_async

    def function(self) -> Callable[[], Any]:
        """Return the task's function with its arguments, for this attempt."""
        if not self.task.takes_context:
            return partial(self.task.func, *self.args, **self.kwargs)
        context = _context()
        first = context_of(context.operation, context)
        return partial(self.task.func, first, *self.args, **self.kwargs)

    def value(self, returned: Any) -> Any:
        """Return what is kept of what the function returned."""
        return returned

    def size(self) -> int:
        """Return how many bytes the arguments keep, estimated."""
        return sum(map(size_of, self.args)) + sum(map(size_of, self.kwargs.values()))


class PoolContext(OperationContext):
    """The body's end of one of the pool's operations."""

    __slots__ = ()

    @property
    def operation(self) -> PoolOperation:
        """The operation, for the pool alone."""
        return cast("PoolOperation", self._operation)


class PlainContext(PoolContext):
    """The end of an operation whose body runs in a thread.

    A thread cannot be stopped, so ``progress`` raises once the body should end.
    """

    __slots__ = ()

    def progress(
        self, done: float, total: float | None = None, message: str = ""
    ) -> None:
        """Say how far the body is.

        Raises:
            OperationCancelled: It was told to end.
        """
        operation = self._operation
        if operation is not None and operation.is_told_to_end:
            raise OperationCancelled(self.id)
        PoolContext.progress(self, done, total, message)


async def run(call: Call, threads: Threads) -> Any:
    """Call the task's function in the submitter's language and return its value.

    Raises:
        ResultTooLarge: The value is larger than ``MAX_RESULT_BYTES``.
    """
    _activate(call.language)
    if call.is_async:
        value = await in_own_lane(call.function())
    else:
        value = await _run_plain(call, threads)
        if inspect.isawaitable(value):  # an `async def` behind a plain wrapper
            value = await in_own_lane(partial(_awaited, value))
    value = call.value(value)
    size = size_of(value)
    config = get_config()
    if size > min(config.max_result_bytes, config.max_kept_bytes):
        raise ResultTooLarge(_("The result is too large to be kept."))
    _context().operation.result_bytes = size
    return value


def _in_language(language: str | None, function: Callable[[], Any]) -> Any:
    _activate(language)
    return function()


def _activate(language: str | None) -> None:
    if language not in {None, settings.LANGUAGE_CODE}:  # the default costs nothing
        translation.activate(language)


async def _awaited(value: Awaitable[Value]) -> Value:
    return await value


def _context() -> PoolContext:
    return cast("PoolContext", current_operation())


async def in_own_lane(function: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
    """Await a coroutine function, with a database thread of its own if it needs one.

    An error that would end the pool's loop comes out inside a carrier.

    asgiref runs what is thread-sensitive, Django's async ORM above all, in the thread
    of the context. Without a context of its own every body would share one thread and
    one connection.
    """
    context, lane = ThreadSensitiveContext(), Lane()
    SyncToAsync.context_to_thread_executor[context] = lane
    # Never reset: the variables are the attempt's own and end with it, and what was
    # left behind at the pool's end is closed elsewhere, where a reset is an error.
    SyncToAsync.thread_sensitive_context.set(context)
    try:
        return await function()
    except (SystemExit, KeyboardInterrupt) as error:  # would end the pool's loop
        raise carry(error) from None
    finally:
        # Not its __aexit__, which blocks the loop until the thread has come to rest.
        SyncToAsync.context_to_thread_executor.pop(context, None)
        lane.close(connections.close_all)


async def _run_plain(call: Call, threads: Threads) -> Any:
    """Run a plain function in a thread, to its end whatever it is told meanwhile."""
    # asgiref shows a language to the thread alone that activated it.
    function = partial(_in_language, call.language, call.function())
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


def size_of(value: object) -> int:
    """Return an estimate in bytes: the length of text and bytes, else pickled."""
    if isinstance(value, str | bytes | bytearray):
        return len(value)
    if value is None or isinstance(value, int | float):
        return 8
    counter = _Counter()
    try:
        pickle.Pickler(counter, pickle.HIGHEST_PROTOCOL).dump(value)
    except Exception:  # what cannot be pickled may still be kept in memory
        return max(64, counter.size)
    return counter.size


class _Counter:
    """A file that counts what is written and keeps none of it."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> int:
        """Count."""
        self.size += len(data)
        return len(data)


def sentence_of(error: BaseException, *, is_timed_out: bool) -> object:
    """Return what the owner may read of an error; lazy, for any language."""
    if isinstance(error, TaskFailed):
        return error.message
    if is_timed_out:
        return _("The task took too long.")
    return _("The task failed.")
