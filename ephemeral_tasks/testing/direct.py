"""Calling a task's function without a pool."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async

from ..core.context import CURRENT
from ..pool.call import Call
from ..pool.contexts import PoolContext
from ..pool.operation import PoolOperation
from ..tasks import Task


def run_task(task: object, /, *args: Any, **kwargs: Any) -> Any:
    """Call a task's function here and now and return its value or raise its error.

    The unit test of a body: no pool, no owner, no window, no retries, the caller's own
    database connection. ``progress()`` and ``current_operation()`` work in it.
    """
    return _bind(task, args, kwargs, is_caller_async=False)()


async def arun_task(task: object, /, *args: Any, **kwargs: Any) -> Any:
    """Call a task's function here and now, from async code."""
    return await _bind(task, args, kwargs, is_caller_async=True)()


def _bind(
    task: object,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    is_caller_async: bool,
) -> Callable[[], Any]:
    ours = Task.of(task)
    ours.check_arguments(args, kwargs)
    now = time.monotonic()
    operation = PoolOperation(
        Call(ours, args, kwargs),
        owner=None,
        key=None,
        now=now,
        clock_offset=time.time() - now,
    )
    operation.start(now)
    context, end = contextvars.copy_context(), PoolContext(operation)
    context.run(CURRENT.set, end)
    function = context.run(operation.item.function, end.task_context)
    if not is_caller_async:
        return partial(context.run, make_plain(function, is_async=ours.is_async))
    if ours.is_async:

        async def run_async() -> Any:
            body = function()
            return await asyncio.get_running_loop().create_task(body, context=context)

        return run_async
    return sync_to_async(partial(context.run, function))


def make_plain(function: Callable[[], Any], *, is_async: bool) -> Callable[[], Any]:
    """Return a plain function that runs an async one to its end."""
    if not is_async:
        return function

    async def body() -> Any:
        return await function()

    return async_to_sync(body)
