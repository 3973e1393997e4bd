"""One run of a body, as its submitter sees it."""

from __future__ import annotations

import asyncio
import contextvars
import os
import random
from collections.abc import Generator, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from .clock import TimerHandle
from .context import OperationContext, Progress
from .errors import NotFinished, OperationCancelled
from .policy import DEFAULT_POLICY, Policy
from .status import FINISHED, Status

Item = TypeVar("Item")
Value = TypeVar("Value")


def instant(seconds: float) -> datetime:
    """Return the time that is so many seconds after the epoch, UTC."""
    return datetime.fromtimestamp(seconds, UTC)


_random = random.Random()  # our own, so that nobody else's seed() repeats an id
os.register_at_fork(after_in_child=_random.seed)


def new_id() -> str:
    """Return 32 random hexadecimal digits: unique, but no secret."""
    return f"{_random.getrandbits(128):032x}"


class Waiter(Protocol):
    """What an operation needs of who awaits it: two methods of a future."""

    def done(self) -> bool:
        """Return whether it no longer waits."""

    def set_result(self, result: None, /) -> None:
        """Wake it."""


class Host(Protocol):
    """What an operation needs of the coordinator that runs it."""

    def end(self, operation: Operation[Any, Any]) -> bool:
        """Tell an operation to end; False when it had finished."""

    def progressed(self, operation: Operation[Any, Any]) -> None:
        """Hear of what is no step: progress, or a request to end what runs."""

    def check_loop(self) -> None:
        """Raise RuntimeError when the caller is not on the coordinator's loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A frozen picture of an operation at one instant."""

    id: str
    """The operation's id."""

    key: Hashable
    """Its key; None where the coordinator has none."""

    status: Status
    """Where it stands."""

    attempt: int
    """The newest attempt, from 1; 0 while none has started."""

    submitted_at: datetime
    """When it was submitted, UTC."""

    started_at: datetime | None
    """When its first attempt started; None while none has."""

    finished_at: datetime | None
    """When it finished; None while it has not."""

    progress: Progress | None
    """What its body reported last; None before the first report."""

    error: str | None
    """The class's name of the error that it failed with; never the error's text."""


class Facts(NamedTuple):
    """A snapshot before anybody wants to see it: cheap to make, times in seconds."""

    id: str
    key: Hashable
    status: Status
    attempt: int
    submitted_time: float
    started_time: float | None
    finished_time: float | None
    progress: Progress | None
    error: str | None

    def snapshot(self) -> Snapshot:
        """Return the picture."""
        return Snapshot(
            id=self.id,
            key=self.key,
            status=self.status,
            attempt=self.attempt,
            submitted_at=instant(self.submitted_time),
            started_at=None if (at := self.started_time) is None else instant(at),
            finished_at=None if (at := self.finished_time) is None else instant(at),
            progress=self.progress,
            error=self.error,
        )


class Operation(Generic[Item, Value]):
    """One run of a body: live, awaitable by many, cancellable.

    Awaiting it gives the body's value or raises the body's error; a cancelled one
    raises OperationCancelled, never CancelledError. A waiter that is cancelled does not
    cancel the operation.

    Every field is written on the coordinator's loop. ``status`` is written last of a
    step and read first by ``snapshot``, so a reader on any thread never sees an end
    without its time.
    """

    __slots__ = (
        "__weakref__",
        "attempt",
        "attempt_task",
        "context",
        "error",
        "finished_time",
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
        "started_time",
        "status",
        "submitted_time",
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
        submitted_time: float,
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
        self.variables = variables
        """The context variables of its attempts; dropped at the end."""
        self.status = Status.READY
        self.attempt = 0
        self.submitted_time = submitted_time
        """Seconds since the epoch, like the two that follow."""
        self.started_time: float | None = None
        self.finished_time: float | None = None
        self.progress: Progress | None = None
        self.is_cancelling = False
        """True once ``cancel`` was asked for; the operation then ends CANCELLED."""
        self.is_interrupted = False
        """True once the newest attempt's task was cancelled by us."""
        self.is_timed_out = False
        """True once the newest attempt took too long."""
        self.value: Value | None = None
        self.error: BaseException | None = None
        self.where: TracebackType | None = None
        """The error's traceback as the body left it, before anybody awaited."""
        self.host: Host | None = None
        """The coordinator that accepted it."""
        self.context: OperationContext | None = None
        """The body's end of the attempt that runs."""
        self.attempt_task: asyncio.Task[Value] | None = None
        """The attempt that runs."""
        self.timer: TimerHandle | None = None
        """The attempt's time-out, or the pause before the next attempt."""
        self.waiters: list[Waiter] | None = None

    def __repr__(self) -> str:
        return f"<Operation {self.id} {self.snapshot().status}>"

    @property
    def is_told_to_end(self) -> bool:
        """True once the running attempt should end, by ``cancel`` or by time-out."""
        return self.is_cancelling or self.is_timed_out

    @property
    def is_finished(self) -> bool:
        """True once the status can no longer change."""
        return self.status in FINISHED

    def cancel(self) -> bool:
        """Ask the operation to end CANCELLED, whatever its body does.

        Returns:
            False when it had finished already.
        """
        return self.host is not None and self.host.end(self)

    def facts(self) -> Facts:
        """Return what a snapshot says, unprepared; from any thread."""
        status, finished_time = self.status, self.finished_time
        if status is Status.READY and self.is_cancelling:
            status = Status.CANCELLED  # it waits, and it will never start
        return Facts(
            self.id,
            self.key,
            status,
            self.attempt,
            self.submitted_time,
            self.started_time,
            finished_time if status in FINISHED else None,
            self.progress,
            type(self.error).__name__ if status is Status.FAILED else None,
        )

    def snapshot(self) -> Snapshot:
        """Return a frozen picture; from any thread."""
        return self.facts().snapshot()

    def report(self, progress: Progress) -> None:
        """Take the body's progress."""
        self.progress = progress
        if self.host is not None:
            self.host.progressed(self)

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
        if self.waiters is None:
            self.waiters = []
        self.waiters.append(waiter)
        try:
            await waiter
        finally:
            if self.waiters is not None and waiter in self.waiters:
                self.waiters.remove(waiter)

    def finish(
        self,
        status: Status,
        now: float,
        *,
        value: Value | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Take the outcome and drop what only a running operation needs."""
        if self.finished_time is None:
            self.finished_time = now
        self.value = value
        self.error = error
        self.where = None if error is None else error.__traceback__
        self.variables = self.attempt_task = self.timer = None
        if status is Status.SUCCESSFUL:
            self.item = None
        self.status = status

    def wake(self) -> None:
        """Wake everybody who awaits the outcome."""
        waiters, self.waiters = self.waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)
