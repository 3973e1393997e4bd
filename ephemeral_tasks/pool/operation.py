"""An operation as the pool knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from .. import signals
from ..compat import TaskError
from ..core.operation import Operation
from ..core.status import Status
from ..errors import OperationFailed
from ..tasks import Task
from .body import Call, sentence_of

if TYPE_CHECKING:
    from .pool import Pool


class PoolOperation(Operation[Call, Any]):
    """An operation of the pool: also whose it is and how much it keeps in memory."""

    __slots__ = (
        "attempted_time",
        "cause",
        "failure",
        "form_key",
        "has_slot",
        "is_announced",
        "is_counted",
        "is_due",
        "is_ending",
        "is_forgotten",
        "kept_bytes",
        "owner",
        "result_bytes",
        "task",
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
        self.task: Task = task
        self.owner = owner
        self.worker = worker
        """The name of the process that runs it, as ``django.tasks`` shows it."""
        self.attempted_time: float | None = None
        """When its newest attempt started, in seconds since the epoch."""
        self.form_key = form_key
        """The one-time key of the form that started it, and a digest of the input."""
        self.failure: object = None
        """A sentence for the owner, perhaps lazy; written before the status FAILED."""
        self.cause: BaseException | None = None
        """What it failed with, until the pool has reported it; on the loop."""
        self.kept_bytes = call.size()
        """Estimated at submission and again at the end; under the kept's lock."""
        self.result_bytes = 0
        """What the value keeps, estimated where it was made."""
        self.is_announced = False
        """True from a report of progress until somebody looks; any thread."""
        self.is_forgotten = False
        """True once no handle names it; like what follows under the kept's lock."""
        self.is_ending = False
        """True once its outcome is settled: too late to cancel it."""
        self.is_counted = False
        """True while it waits for its first start."""
        self.is_due = False
        """True once it may start."""
        self.has_slot = False
        """True while an attempt runs."""

    def finish(
        self,
        status: Status,
        now: float,
        *,
        value: Any = None,
        error: BaseException | None = None,
    ) -> None:
        """Take the outcome; of an error nobody but the report sees more than a word."""
        if error is not None:
            self.cause = error
            self.failure = sentence_of(error, is_timed_out=self.is_timed_out)
            error = OperationFailed("", self.reference)  # for its name alone
        super().finish(status, now, value=value, error=error)

    def outcome(self) -> Any:
        """Return the value or raise the error.

        The error is made anew for each who asks: it collects their frames.
        """
        if self.status is Status.FAILED:
            raise OperationFailed(self.sentence(), self.reference)
        return super().outcome()

    def sentence(self) -> str:
        """Return what the owner may read of its failure, in the active language."""
        try:
            return str(self.failure)
        except Exception:  # the body's own object, with a __str__ of its own
            return gettext("The task failed.")

    @property
    def reference(self) -> str:
        """What an owner and a log line call it."""
        return self.id[:8]

    def announce(self, pool: Pool) -> None:
        """Tell whoever listens of a step; on the loop."""
        if self.owner is not None:
            signals.send_changed(self.owner)

    def attempt_failed(self, error: BaseException) -> None:
        """Hear of an attempt's error; an owned operation keeps nothing of it."""

    def attempt_errors(self) -> list[TaskError]:
        """Return what ``TaskResult`` shows of failed attempts: nothing to an owner."""
        return []

    def visible_task(self) -> Any:
        """Return what ``TaskResult`` shows as the task."""
        return self.task

    def visible_arguments(self) -> tuple[list[Any], dict[str, Any]]:
        """Return what ``TaskResult`` shows of the arguments: nothing of an owner's."""
        return [], {}
