"""An operation that came through ``enqueue``: nobody's, known by its id alone."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.dispatch import Signal

from ..bodies import Call
from ..compat import (
    TaskError,
    TaskResult,
    normalize_json,
    task_finished,
    task_started,
)
from ..core.status import Status
from ..operations import PoolOperation
from ..results import result_of
from ..tasks import Task

if TYPE_CHECKING:
    from ..pool import Pool


class JsonCall(Call):
    """A call whose value is kept as JSON would give it back, as Django does."""

    __slots__ = ()

    def value(self, returned: Any) -> Any:
        """Return what is kept of what the function returned."""
        return normalize_json(returned)


class UnownedOperation(PoolOperation):
    """An operation without an owner; keeps what Django's ``TaskResult`` shows."""

    __slots__ = ("args", "backend", "errors", "kwargs")

    def __init__(
        self,
        task: Task,
        args: list[Any],
        kwargs: Mapping[str, Any],
        *,
        submitted_time: float,
        worker: str,
        backend: type,
    ) -> None:
        super().__init__(
            JsonCall(task, tuple(args), kwargs),
            owner=None,
            submitted_time=submitted_time,
            worker=worker,
        )
        self.args = args
        self.kwargs = kwargs
        self.backend = backend
        """The class that the signals name as their sender."""
        self.errors: tuple[TaskError, ...] = ()
        """One for each failed attempt, oldest first; replaced as a whole."""

    def visible_arguments(self) -> tuple[list[Any], dict[str, Any]]:
        """Return what ``TaskResult`` shows of the arguments."""
        return self.args, dict(self.kwargs)

    def attempt_errors(self) -> list[TaskError]:
        """Return an error for each failed attempt, oldest first."""
        return [*self.errors]

    def attempt_failed(self, error: BaseException) -> None:
        """Remember an attempt's error as Django does."""
        kind = type(error)
        self.errors += (
            TaskError(
                exception_class_path=f"{kind.__module__}.{kind.__qualname__}",
                traceback="".join(traceback.format_exception(error)),
            ),
        )

    def announce(self, pool: Pool) -> None:
        """Send Django's signals, off the loop and in order."""
        if self.status is Status.RUNNING:
            pool.notify(partial(self._send, task_started, result_of(self)))
        elif self.is_finished:
            pool.notify(partial(self._send, task_finished, result_of(self)))

    def _send(self, signal: Signal, result: TaskResult[..., Any]) -> None:
        signal.send_robust(self.backend, task_result=result)
