"""An operation as ``django.tasks`` pictures it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..compat import (
    TaskContext,
    TaskError,
    TaskResult,
    TaskResultStatus,
)
from ..core.context import OperationContext
from ..core.errors import OperationCancelled
from ..core.status import Status

if TYPE_CHECKING:
    from .operation import PoolOperation

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


def result_of(operation: PoolOperation) -> TaskResult[..., Any]:
    """Return Django's picture of this instant; from any thread."""
    snapshot = operation.snapshot()
    args, kwargs = operation.visible_arguments()
    result: TaskResult[..., Any] = TaskResult(
        task=operation.visible_task(),
        id=operation.id,
        status=_STATUSES[snapshot.status],
        enqueued_at=snapshot.submitted_at,
        started_at=snapshot.started_at,
        finished_at=snapshot.finished_at,
        last_attempted_at=_instant(operation.attempted_time),
        args=args,
        kwargs=kwargs,
        backend=operation.task.backend,
        errors=_errors(operation, snapshot.status),
        worker_ids=[operation.worker] * snapshot.attempt,
    )
    if snapshot.status is Status.SUCCESSFUL:
        # As Django's own backends do it: the field takes no part in __init__.
        object.__setattr__(result, "_return_value", operation.value)
    return result


def context_of(
    operation: PoolOperation, context: OperationContext
) -> OperationTaskContext:
    """Return the first argument of a task that takes the context."""
    return OperationTaskContext(task_result=result_of(operation), operation=context)


def _errors(operation: PoolOperation, status: Status) -> list[TaskError]:
    errors = operation.attempt_errors()
    if status is not Status.CANCELLED:
        return errors
    kind = OperationCancelled
    path = f"{kind.__module__}.{kind.__qualname__}"
    return [TaskError(exception_class_path=path, traceback=""), *errors]


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
