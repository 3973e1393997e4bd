"""An operation as the pool knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import signals
from .bodies import Call
from .compat import TaskError
from .core.operation import Operation
from .tasks import Task

if TYPE_CHECKING:
    from .pool import Pool


class PoolOperation(Operation[Call, Any]):
    """An operation of the pool: also whose it is and how much it keeps in memory."""

    __slots__ = (
        "attempted_time",
        "definition",
        "failure",
        "form_key",
        "is_announced",
        "is_forgotten",
        "kept_bytes",
        "owner",
        "result_bytes",
        "worker",
    )

    def __init__(
        self,
        call: Call,
        *,
        owner: str | None,
        submitted_time: float,
        worker: str = "",
        form_key: tuple[str, bytes] | None = None,
    ) -> None:
        task = call.task
        super().__init__(
            call,
            submitted_time=submitted_time,
            key=task.priority if owner is None else owner,
            priority=task.priority,
            policy=task.policy,
        )
        self.definition: Task = task
        self.owner = owner
        self.worker = worker
        """The name of the process that runs it, as ``django.tasks`` shows it."""
        self.attempted_time: float | None = None
        """When its newest attempt started, in seconds since the epoch."""
        self.form_key = form_key
        """The one-time key of the form that started it, and a digest of the input."""
        self.failure: object = None
        """A sentence for the owner, perhaps lazy; written before the status FAILED."""
        self.kept_bytes = call.size()
        """Estimated at submission and again at the end; under the kept's lock."""
        self.result_bytes = 0
        """What the value keeps, estimated where it was made."""
        self.is_announced = False
        """True from a report of progress until somebody looks; any thread."""
        self.is_forgotten = False
        """True once no handle names it; under the kept's lock."""

    def announce(self, pool: Pool) -> None:
        """Tell whoever listens of a step; on the loop."""
        if self.owner is not None:
            signals.changed(self.owner)

    def attempt_failed(self, error: BaseException) -> None:
        """Hear of an attempt's error; an owned operation keeps nothing of it."""

    def attempt_errors(self) -> list[TaskError]:
        """Return what ``TaskResult`` shows of failed attempts: nothing to an owner."""
        return []

    def visible_arguments(self) -> tuple[list[Any], dict[str, Any]]:
        """Return what ``TaskResult`` shows of the arguments: nothing of an owner's."""
        return [], {}
