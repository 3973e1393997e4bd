"""An operation as ``django.tasks`` pictures it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ..compat import TaskContext, TaskError, TaskResult, TaskResultStatus
from ..core.context import OperationContext
from ..core.errors import OperationCancelled
from ..core.snapshot import Snapshot, to_datetime
from ..core.status import Status
from ..tasks import Task

_STATUSES = {
    Status.READY: TaskResultStatus.READY,
    Status.RUNNING: TaskResultStatus.RUNNING,
    Status.SUCCESSFUL: TaskResultStatus.SUCCESSFUL,
    Status.FAILED: TaskResultStatus.FAILED,
    Status.CANCELLED: TaskResultStatus.FAILED,  # Django has no word for it
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationTaskContext(TaskContext):  # type: ignore[misc, type-arg]  # stubs
    """What a task with ``takes_context`` gets: Django's context and our own."""

    operation: OperationContext
    """The body's end of its operation: progress, cancellation, attempt."""


class Pictured(Protocol):
    """What the picture needs of an operation of the pool."""

    id: str
    task: Task
    value: Any
    worker: str
    attempted_monotonic: float | None
    clock_offset: float

    def snapshot(self) -> Snapshot:
        """Return a frozen picture."""


def make_result(
    operation: Pictured,
    *,
    task: Any,
    args: list[Any],
    kwargs: dict[str, Any],
    errors: list[TaskError],
) -> TaskResult[..., Any]:
    """Return Django's picture of this instant; from any thread.

    Args:
        operation: Gives state and times.
        task: The task as it was enqueued.
        args: What the picture shows of the arguments, like ``kwargs``.
        kwargs: The same by name.
        errors: One for each failed attempt, oldest first.
    """
    snapshot = operation.snapshot()
    attempted = operation.attempted_monotonic
    result: TaskResult[..., Any] = TaskResult(
        task=task,
        id=operation.id,
        status=_STATUSES[snapshot.status],
        enqueued_at=snapshot.submitted_at,
        started_at=snapshot.started_at,
        finished_at=snapshot.finished_at,
        last_attempted_at=_to_datetime(attempted, operation.clock_offset),
        args=args,
        kwargs=kwargs,
        backend=operation.task.backend,
        errors=_list_errors(errors, snapshot.status),
        worker_ids=[operation.worker] * snapshot.attempt,
    )
    if snapshot.status is Status.SUCCESSFUL:
        # As Django's own backends do it: the field takes no part in __init__.
        object.__setattr__(result, "_return_value", operation.value)
    return result


def _list_errors(errors: list[TaskError], status: Status) -> list[TaskError]:
    if status is not Status.CANCELLED:
        return errors
    kind = OperationCancelled
    path = f"{kind.__module__}.{kind.__qualname__}"
    return [TaskError(exception_class_path=path, traceback=""), *errors]


def _to_datetime(monotonic: float | None, offset: float) -> datetime | None:
    return None if monotonic is None else to_datetime(monotonic + offset)
