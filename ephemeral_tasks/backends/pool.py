"""The pool as a backend of ``django.tasks``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from django.utils import timezone

from .. import pool as pools
from ..compat import (
    BaseTaskBackend,
    TaskResult,
    TaskResultDoesNotExist,
    normalize_json,
    task_enqueued,
)
from ..machine import process
from ..machine.pickles import check_call
from ..machine.table import Kind
from ..machine.verbs import verb
from ..pool.unowned import UnownedOperation
from ..tasks import Task


class PoolBackend(BaseTaskBackend):
    """Runs tasks in the process's pool; their results are kept in memory for a while.

    An operation that comes through ``enqueue`` has no owner: it is in no window and no
    cache. ``get_result`` finds it while it is unfinished, and then among the newest
    ``UNOWNED_SIZE`` that ended, for ``IDLE_SECONDS`` after its end and at most
    ``MAX_AGE_SECONDS`` after its submission.
    """

    task_class = Task
    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True
    runs_generators = True

    def validate_task(self, task: Any) -> None:
        """Refuse what the pool cannot run; the rules are Django's.

        Raises:
            InvalidTask: The message says why.
        """
        if isinstance(task.run_after, timedelta):  # Django's rules know instants alone
            names = ("func", "takes_context", "priority", "queue_name")
            fields = {name: getattr(task, name) for name in names}
            task = SimpleNamespace(**fields, run_after=None)
        super().validate_task(task)

    def enqueue(self, task: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Take a task and return its result, which ``refresh()`` brings up to date.

        Raises:
            InvalidTask: The pool cannot run it.
            TypeError: The arguments do not fit it or are not what JSON can hold.
            QueueFull, Closed: It was refused, and nothing was changed.
        """
        self.validate_task(task)
        task = self.at_an_instant(task)
        ours = Task.of(task)
        ours.check_arguments(tuple(args), kwargs)
        by_place = cast("list[Any]", normalize_json(list(args)))
        by_name = cast("dict[str, Any]", normalize_json(dict(kwargs)))
        if process.is_shared():
            check_call(ours.name, ours.signature.parameters, by_place, by_name)
            task = ours  # Django's own does not pickle
        return _enqueue(type(self), task, by_place, by_name)

    def at_an_instant(self, task: Any) -> Any:
        """Return the task with an instant where ``run_after`` was a span from now.

        Receivers of Django's signals, such as monitors, expect an instant.
        """
        run_after = task.run_after
        if isinstance(run_after, timedelta):
            now = datetime.fromtimestamp(pools.time_now(), UTC)
            return replace(task, run_after=now + run_after)
        return task

    def get_result(self, result_id: str) -> TaskResult[..., Any]:
        """Return the result of an operation that came through ``enqueue``.

        Raises:
            TaskResultDoesNotExist: It never was, was forgotten, or has an owner.
        """
        return _find_result(result_id)

    async def aget_result(self, result_id: str) -> TaskResult[..., Any]:
        """Return the result; in the pool's process nothing waits."""
        return await _find_result.acall(result_id)


@verb(Kind.CHANGE)
def _withdraw(result: TaskResult[..., Any]) -> None:
    """Cancel and forget what was enqueued by a caller that got Unreachable."""
    pool = pools.current()
    operation = None if pool is None else pool.ledger.memory.get(result.id)
    if pool is not None and isinstance(operation, UnownedOperation):
        pool.forget(operation)


@verb(Kind.ADD, undo=_withdraw, is_submission=True)
def _enqueue(
    backend: type, task: Any, args: list[Any], kwargs: dict[str, Any]
) -> TaskResult[..., Any]:
    """Take a task whose arguments fit it; Django's signals are sent where it runs."""
    pool = pools.get()
    now, clock_offset = pool.times()
    operation = UnownedOperation(
        task,
        Task.of(task),
        args,
        kwargs,
        now=now,
        clock_offset=clock_offset,
        worker=pools.process_id()[0],
        backend=backend,
    )
    result = operation.task_result()
    change = pool.accept(operation, delay=_seconds_until(task.run_after))
    pool.follow(change)
    task_enqueued.send_robust(backend, task_result=result)
    pool.loop.try_post(operation.on_enqueued, pool.notify)
    pool.on_submitted(operation)
    return result


@verb(Kind.LOOK)
def _find_result(result_id: str) -> TaskResult[..., Any]:
    pool = pools.current()
    operation = None if pool is None else pool.ledger.memory.get(result_id)
    if not isinstance(operation, UnownedOperation):
        raise TaskResultDoesNotExist(result_id)
    return operation.task_result()


def _seconds_until(run_after: Any) -> float:
    if run_after is None:
        return 0.0
    if timezone.is_naive(run_after):
        run_after = timezone.make_aware(run_after)
    return float(run_after.timestamp() - pools.time_now())
