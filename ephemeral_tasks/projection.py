"""From a handle and its operation to a row, the only place where they meet."""

from __future__ import annotations

from datetime import datetime

from . import time_left, windows
from .conf import get_config
from .core.clock import Clock, monotonic_of
from .core.snapshot import to_datetime
from .core.status import Status
from .pool.operation import PoolOperation
from .pool.questions import Question
from .result_file import ResultFile
from .row import Row, RowError, RowQuestion
from .tasks import Task
from .windows import Handle

_NEAR_SECONDS = 3600.0


def project(
    handle: Handle,
    operation: PoolOperation,
    *,
    used_monotonic: float,
    clock: Clock,
    position: int | None,
    eta_seconds: float | None,
) -> Row:
    """Return the row of an operation; from any thread."""
    operation.is_announced = False  # first: progress after it is announced
    was_cancelling, question = operation.is_cancelling, operation.question
    facts = operation.facts()
    status = facts.status
    if status is not Status.RUNNING:  # answered, and perhaps ended, since that look
        question = None
    if status.is_finished:  # since the estimate
        eta_seconds = None
    output_size = operation.output_size
    task = operation.task
    is_cancelling = was_cancelling and not status.is_finished
    expires_time = clock.time() + windows.seconds_left(handle, used_monotonic)
    return Row(
        id=handle.id,
        task=handle.task,
        label=handle.label,
        shown=handle.shown,
        status=status,
        is_finished=status.is_finished,
        is_cancelling=is_cancelling,
        cancelled_at=_cancelled_at(operation),
        is_plain=not task.is_async,
        submitted_at=handle.submitted_at,
        started_at=_to_datetime(facts.started_time),
        finished_at=_to_datetime(facts.finished_time),
        expires_at=to_datetime(expires_time),
        kept_until=_kept_until(handle, clock),
        elapsed_seconds=operation.elapsed_seconds(monotonic_of(clock)()),
        attempt=facts.attempt,
        max_attempts=task.max_attempts,
        progress=facts.progress,
        position=position if status is Status.READY else None,
        eta_seconds=eta_seconds,
        shown_eta_seconds=_show_eta(operation, eta_seconds, facts.attempt),
        output_size=output_size,
        error=_error(operation) if status is Status.FAILED else None,
        actions=list_actions(
            status,
            is_cancelling=is_cancelling,
            is_cancellable=task.cancellable,
            has_input=task.form is not None and operation.item is not None,
        )
        + (("answer",) if question else ())
        + (("output",) if output_size else ()),
        has_form=task.form is not None,
        is_file=isinstance(operation.value, ResultFile),
        question=_ask(question, operation),
    )


def project_accepted(handle: Handle, task: Task) -> Row:
    """Return the row of an operation as it was when it was accepted.

    For the answer to its submitter, where the pool's process stopped answering since.
    """
    config = get_config()
    left = min(config.max_age_seconds, config.idle_seconds)
    return Row(
        id=handle.id,
        task=handle.task,
        label=handle.label,
        shown=handle.shown,
        status=Status.READY,
        is_finished=False,
        is_cancelling=False,
        cancelled_at=None,
        is_plain=not task.is_async,
        submitted_at=handle.submitted_at,
        started_at=None,
        finished_at=None,
        expires_at=to_datetime(handle.submitted_time + left),
        kept_until=None,
        elapsed_seconds=0.0,
        attempt=0,
        max_attempts=task.max_attempts,
        progress=None,
        position=None,
        eta_seconds=None,
        shown_eta_seconds=None,
        error=None,
        actions=list_actions(Status.READY, is_cancelling=False, is_cancellable=True),
        has_form=task.form is not None,
    )


def list_actions(
    status: Status,
    *,
    is_cancelling: bool,
    is_cancellable: bool,
    has_input: bool = False,
) -> tuple[str, ...]:
    """Return what an owner may do with an operation in this state.

    Args:
        status: Of the operation.
        is_cancelling: Whether its body is being ended.
        is_cancellable: Whether its task may be cancelled while it runs.
        has_input: Whether its task has a form, and its arguments are held.
    """
    if status is Status.READY:
        return ("cancel",)
    if status is Status.RUNNING:
        return ("cancel",) if is_cancellable and not is_cancelling else ()
    again = ("again",) if has_input else ()
    if status is Status.SUCCESSFUL:
        return ("result", *again, "dismiss")
    return ("retry", *again, "dismiss")


def _ask(question: Question | None, operation: PoolOperation) -> RowQuestion | None:
    if question is None:
        return None
    return RowQuestion(
        number=question.number,
        text=question.text,
        choices=question.choices,
        form=question.form,
        asked_at=to_datetime(question.asked_monotonic + operation.clock_offset),
    )


def _show_eta(
    operation: PoolOperation, seconds: float | None, attempt: int
) -> int | None:
    """Return the seconds to show, and note them for the next row.

    Two threads at once may each note theirs: either is right, and replaced as a whole.
    """
    if seconds is None:
        return None
    operation.time_left = time_left.settle(operation.time_left, seconds, attempt)
    return operation.time_left.seconds


def _kept_until(handle: Handle, clock: Clock) -> datetime | None:
    """Return the end of the handle's age in its last sixth, at most its last hour.

    Not before idleness can no longer end it earlier. The instant is the one that was
    foreseen at the submission: computed anew it would be a little different each time.
    """
    config = get_config()
    end_time = handle.submitted_time + config.max_age_seconds
    near = min(_NEAR_SECONDS, config.max_age_seconds / 6, config.idle_seconds)
    is_near = end_time - clock.time() <= near
    return to_datetime(end_time) if is_near else None


def _cancelled_at(operation: PoolOperation) -> datetime | None:
    instant = operation.cancelled_monotonic
    return None if instant is None else to_datetime(instant + operation.clock_offset)


def _error(operation: PoolOperation) -> RowError:
    return RowError(message=operation.sentence(), reference=operation.reference)


def _to_datetime(seconds: float | None) -> datetime | None:
    return None if seconds is None else to_datetime(seconds)
