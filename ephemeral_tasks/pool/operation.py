"""An operation as the pool knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext

from ..compat import TaskResult
from ..core.operation import Operation
from ..core.status import Status
from ..core.values import plain_text
from ..errors import OperationFailed
from ..tasks import Task
from ..time_left import TimeLeft
from ..windows import Handle
from .call import Call
from .questions import Question
from .task_result import make_result

Notify = Callable[[Callable[[], object]], object]


class PoolOperation(Operation[Call, Any]):
    """An operation of the pool, with its owner and the memory that it keeps.

    The ledger alone writes its status. Unless a field says otherwise it is written
    under the ledger's lock.
    """

    __slots__ = (
        "argument_bytes",
        "asked_seconds",
        "attempted_monotonic",
        "cancelled_monotonic",
        "client",
        "failure",
        "form_key",
        "handle",
        "is_announced",
        "kept_bytes",
        "output_refusal",
        "owner",
        "question",
        "questions",
        "result_bytes",
        "task",
        "time_left",
        "unique_key",
        "worker",
    )

    def __init__(
        self,
        call: Call,
        *,
        owner: str | None,
        key: str | None,
        now: float,
        clock_offset: float,
        client: str | None = None,
        worker: str = "",
    ) -> None:
        task = call.task
        super().__init__(
            call,
            submitted_monotonic=now,
            clock_offset=clock_offset,
            key=key,
            priority=task.priority,
            policy=task.policy,
        )
        self.task: Task = task
        self.owner = owner
        self.client = client
        """Whose bounds it counts in besides its owner's; None without ``CLIENT_OF``."""
        self.worker = worker
        """The name of the process that runs it, as ``django.tasks`` shows it."""
        self.handle: Handle | None = None
        """What its owner's window keeps; set before it is accepted, as is the next."""
        self.form_key: bytes | None = None
        """A digest of the form's one-time key and of the input."""
        self.unique_key: bytes | None = None
        """A digest of the arguments that its task names as unique; before it, too."""
        self.attempted_monotonic: float | None = None
        """When its newest attempt started, by the monotonic clock."""
        self.cancelled_monotonic: float | None = None
        """When it was cancelled while its body ran; None for all others."""
        self.failure: object = None
        """A sentence for the owner, perhaps lazy; written before the status FAILED."""
        self.argument_bytes = self.kept_bytes = call.size()
        """Estimated at submission. The second is all that it keeps: it grows with the
        output's allowance and is counted anew at the end."""
        self.result_bytes = 0
        """What the value keeps besides the output; written on the loop."""
        self.output_refusal: object = None
        """Why its output may grow no more, a sentence: it fails, whatever its body does
        then. Written by the body's threads."""
        self.question: Question | None = None
        """What its body asks its owner now."""
        self.questions = 0
        """How many its bodies have asked."""
        self.asked_seconds = 0.0
        """For how long its newest attempt has waited for answers; on the loop."""
        self.is_announced = False
        """True from a report or an output until its row is read; any thread."""
        self.time_left: TimeLeft | None = None
        """What rows showed last of the time until its end; replaced as a whole by any
        thread that reads a row."""

    def repeats(self, other: PoolOperation) -> bool:
        """Return whether this one, which is new, asks for what the other one does.

        Both came from one form, sent twice, or the other one is unfinished and has
        equal unique arguments. Both have one owner.
        """
        if self.form_key is not None and self.form_key == other.form_key:
            return True
        is_ending = other.is_finished or other.is_cancelling
        return self.unique_key is not None and (
            self.unique_key == other.unique_key and not is_ending
        )

    @property
    def keeps_item(self) -> bool:
        """Whether its owner may change the arguments and run it again."""
        return self.task.keep_input and self.owner is not None

    def start(self, now: float) -> None:
        """Begin the next attempt: READY becomes RUNNING."""
        self.attempted_monotonic = now
        self.output_refusal = None
        self.asked_seconds = 0.0
        self.progress = None  # of the attempt before
        super().start(now)

    def waited_seconds(self) -> float:
        """Return how long it waited for its first start, from then on."""
        return (self.started_monotonic or 0.0) - self.submitted_monotonic

    def attempt_seconds(self) -> float:
        """Return how long the last attempt took, of an operation that has ended."""
        started, finished = self.attempted_monotonic, self.finished_monotonic
        if started is None or finished is None:
            return 0.0
        return finished - started - self.asked_seconds

    def outcome(self) -> Any:
        """Return the value or raise the error.

        The error is made anew for each caller: it collects their frames.
        """
        if self.status is Status.FAILED:
            raise OperationFailed(self.sentence(), self.reference)
        return super().outcome()

    def sentence(self) -> str:
        """Return what the owner may read of its failure, in the active language."""
        try:
            return plain_text(self.failure)
        except (Exception, SystemExit):  # of a lazy text of the site's own
            return gettext("The task failed.")

    @property
    def reference(self) -> str:
        """The name of the operation that its owner and a log line share."""
        return self.id[:8]

    # -- django.tasks ------------------------------------------------------------------

    def note_failure(self, error: BaseException) -> None:
        """Record a failed attempt; on the loop. An owned operation keeps nothing."""

    def on_step(self, notify: Notify) -> None:
        """Called on the loop after a start and after the end."""

    def task_result(self) -> TaskResult[..., Any]:
        """Return Django's picture of this instant, without the owner's arguments."""
        return make_result(self, task=self.task, args=[], kwargs={}, errors=[])


def make_handle(
    operation: PoolOperation, label: str, shown: Mapping[str, Any]
) -> Handle:
    """Return the handle of an operation."""
    return Handle(
        id=operation.id,
        task=operation.task.name,
        label=label,
        submitted_time=operation.submitted_monotonic + operation.clock_offset,
        shown=dict(shown),
        submitted_monotonic=operation.submitted_monotonic,
    )
