"""How long an operation still takes, as far as that can be known."""

from __future__ import annotations

from ..core.status import Status
from .operation import PoolOperation
from .run_times import RunTimes

_SHARE = 0.1
_SECONDS = 3.0
"""From so much of the work, or from so much time, on its own pace is known."""


def estimate(
    operation: PoolOperation,
    now: float,
    run_times: RunTimes,
    *,
    position: int | None,
    limit: int | None,
) -> float | None:
    """Return the seconds until an operation's end; None when that is unsure.

    Args:
        operation: Any; from any thread.
        now: By the monotonic clock.
        run_times: Of the pool.
        position: The operation's place among waiting ones.
        limit: How many operations run at once; None while none is started.
    """
    status, started = operation.status, operation.attempted_monotonic
    if operation.is_cancelling or operation.question is not None:
        return None  # the body, or its owner, takes as long as they take
    if status is Status.RUNNING and started is not None:
        elapsed = max(0.0, now - started - operation.asked_seconds)
        seconds = _by_own_pace(operation, elapsed)
        return _by_others(operation, elapsed, run_times) if seconds is None else seconds
    if status is Status.READY and not operation.attempt and position and limit:
        mean = run_times.mean(operation.task.name)
        # A slot is free each mean / limit seconds; its own turn comes after that.
        return None if mean is None else mean * (1 + position / limit)
    return None


def _by_own_pace(operation: PoolOperation, elapsed: float) -> float | None:
    """Return what is left of its progress, at the pace that it had so far."""
    progress = operation.progress
    if progress is None or not progress.total or progress.done <= 0:
        return None
    share = progress.done / progress.total
    if share < _SHARE and elapsed < _SECONDS:
        return None
    return max(0.0, elapsed * (1 - share) / share)


def _by_others(
    operation: PoolOperation, elapsed: float, run_times: RunTimes
) -> float | None:
    """Return what is left of the task's mean time; None once it has taken longer."""
    mean = run_times.mean(operation.task.name)
    return None if mean is None or elapsed > mean else mean - elapsed
