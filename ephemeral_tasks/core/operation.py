"""One run of a body, as its submitter sees it."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Generator, Hashable
from types import TracebackType
from typing import Any, Generic, TypeVar

from .clock import TimerHandle
from .errors import NotFinished, OperationCancelled
from .ids import new_id
from .parties import AttemptContext, Host, Waiter
from .policy import DEFAULT_POLICY, Policy
from .snapshot import Facts, Snapshot
from .status import FINISHED, Status
from .values import Progress
from .writable import Writable

Item = TypeVar("Item")
Value = TypeVar("Value")


class Operation(Writable, Generic[Item, Value]):
    """One run of a body: live, awaitable by many, cancellable.

    Awaiting it gives the body's value or raises the body's error; a cancelled one
    raises OperationCancelled, never CancelledError. A waiter that is cancelled does not
    cancel the operation.

    Its times are kept by the monotonic clock, so that durations and ages do not jump
    with the system's time; ``clock_offset`` turns them into seconds since the epoch.

    The fields are written by the coordinator: on its loop, or in the process's pool
    under the ledger's lock. ``status`` is written last of a step and read first by
    ``facts``, so a reader on any thread never sees an end without its time.
    """

    __slots__ = (
        "__weakref__",
        "attempt",
        "attempt_task",
        "clock_offset",
        "context",
        "cost",
        "error",
        "finished_monotonic",
        "host",
        "id",
        "is_cancelling",
        "is_interrupted",
        "is_timed_out",
        "item",
        "key",
        "policy",
        "priority",
        "progress",
        "started_monotonic",
        "status",
        "submitted_monotonic",
        "timer",
        "value",
        "variables",
        "waiters",
        "where",
    )

    def __init__(
        self,
        item: Item,
        *,
        submitted_monotonic: float,
        clock_offset: float = 0.0,
        key: Hashable = None,
        priority: int = 0,
        policy: Policy = DEFAULT_POLICY,
        variables: contextvars.Context | None = None,
    ) -> None:
        self.id = new_id()
        self.item: Any = item
        """What the body is called with; dropped when the operation ended well."""
        self.key = key
        self.priority = priority
        self.policy = policy
        self.cost = 1.0
        """What a start weighs against the coordinator's rate."""
        self.variables = variables
        """The context variables of its attempts; dropped at the end."""
        self.status = Status.READY
        self.attempt = 0
        self.submitted_monotonic = submitted_monotonic
        """In seconds of the monotonic clock, like the two that follow."""
        self.started_monotonic: float | None = None
        self.finished_monotonic: float | None = None
        self.clock_offset = clock_offset
        """Seconds from the monotonic clock to the epoch, at the submission."""
        self.progress: Progress | None = None
        self.buffer = None
        self.is_cancelling = False
        """True once a running body was cancelled: its operation ends CANCELLED."""
        self.is_interrupted = False
        """True once the newest attempt's task was cancelled by us; on the loop."""
        self.is_timed_out = False
        """True once the newest attempt took too long; on the loop."""
        self.value: Value | None = None
        self.error: BaseException | None = None
        self.where: TracebackType | None = None
        """The error's traceback as the body left it, before it was awaited."""
        self.host: Host | None = None
        """The coordinator that accepted it."""
        self.context: AttemptContext | None = None
        """By which the running body reports; on the loop, like the fields below."""
        self.attempt_task: asyncio.Task[Value] | None = None
        """The asyncio task of the running attempt."""
        self.timer: TimerHandle | None = None
        """The attempt's time-out, the pause before the next attempt, or until when it
        must have started."""
        self.waiters: list[Waiter] | None = None
        """Woken at the end."""

    def __repr__(self) -> str:
        return f"<Operation {self.id} {self.status}>"

    # -- looking -----------------------------------------------------------------------

    @property
    def is_end_requested(self) -> bool:
        """True once the running attempt should end, by ``cancel`` or by time-out."""
        return self.is_cancelling or self.is_timed_out

    @property
    def is_finished(self) -> bool:
        """True once the status can no longer change."""
        return self.status in FINISHED

    @property
    def keeps_item(self) -> bool:
        """Whether the item is kept when the operation has ended well."""
        return False

    def elapsed_seconds(self, now: float) -> float:
        """Return the seconds from the first start to the end or ``now``, monotonic."""
        if self.started_monotonic is None:
            return 0.0
        end = now if self.finished_monotonic is None else self.finished_monotonic
        return max(0.0, end - self.started_monotonic)

    def facts(self) -> Facts:
        """Return the facts of a snapshot, at less cost; from any thread."""
        status, offset = self.status, self.clock_offset
        started, finished = self.started_monotonic, self.finished_monotonic
        return Facts(
            self.id,
            self.key,
            status,
            self.attempt,
            self.submitted_monotonic + offset,
            None if started is None else started + offset,
            finished + offset if finished is not None and status in FINISHED else None,
            self.progress,
            type(self.error).__name__ if status is Status.FAILED else None,
        )

    def snapshot(self) -> Snapshot:
        """Return a frozen picture; from any thread."""
        return self.facts().snapshot()

    def outcome(self) -> Value:
        """Return the body's value or raise its error.

        Raises:
            NotFinished: It has no outcome yet.
            OperationCancelled: It was cancelled.
        """
        if self.status is Status.SUCCESSFUL:
            return self.value  # type: ignore[return-value]  # set with the status
        if self.status is Status.CANCELLED:
            raise OperationCancelled(self.id)
        if self.error is None:
            raise NotFinished(self.id)
        try:
            raise self.error.with_traceback(self.where)
        finally:
            del self  # this frame is in the error's traceback

    # -- asking ------------------------------------------------------------------------

    def cancel(self) -> bool:
        """Ask the operation to end CANCELLED, whatever its body does.

        Returns:
            False when it had finished already.
        """
        return self.host is not None and self.host.cancel_operation(self)

    def report(self, progress: Progress) -> None:
        """Keep the body's progress."""
        self.progress = progress
        self.announce()

    def announce(self) -> None:
        """Say that the progress has changed."""
        if self.host is not None:
            self.host.on_progress(self)

    def __await__(self) -> Generator[Any, None, Value]:
        if self.status not in FINISHED:
            yield from self._wait().__await__()
        try:
            return self.outcome()
        finally:
            del self  # as above

    async def _wait(self) -> None:
        if self.host is not None:
            self.host.check_loop()
        waiter = asyncio.get_running_loop().create_future()
        self.add_waiter(waiter)
        try:
            await waiter
        finally:
            self.remove_waiter(waiter)

    def add_waiter(self, waiter: Waiter) -> None:
        """Wake the waiter when the operation ends, or now if it has; on the loop."""
        if self.status in FINISHED:
            waiter.set_result(None)
        elif self.waiters is None:
            self.waiters = [waiter]
        else:
            self.waiters.append(waiter)

    def remove_waiter(self, waiter: Waiter) -> None:
        """Forget a waiter; on the loop."""
        if self.waiters is not None and waiter in self.waiters:
            self.waiters.remove(waiter)

    # -- steps, for its coordinator ----------------------------------------------------

    def start(self, now: float) -> None:
        """Begin the next attempt: READY becomes RUNNING."""
        self.attempt += 1
        if self.started_monotonic is None:
            self.started_monotonic = now
        self.is_timed_out = self.is_interrupted = False
        if self.buffer is not None:
            self.buffer.restart(self.attempt)
        self.status = Status.RUNNING

    def rest(self) -> None:
        """Wait for the next attempt: RUNNING becomes READY."""
        if self.buffer is not None:
            self.buffer.close()
        self.status = Status.READY

    def finish(
        self,
        status: Status,
        now: float,
        *,
        value: Value | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Take the outcome and drop what only an unfinished operation needs."""
        self.finished_monotonic = now
        self.value = value
        self.error = error
        self.where = None if error is None else error.__traceback__
        self.variables = self.attempt_task = None
        if status is Status.SUCCESSFUL and not self.keeps_item:
            self.item = None
        if self.buffer is not None:
            self.buffer.close()
        self.status = status

    def wake(self) -> None:
        """Wake everything that awaits the outcome or more output; on the loop."""
        if self.buffer is not None:
            self.buffer.wake()
        waiters, self.waiters = self.waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)
