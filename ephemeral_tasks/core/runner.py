"""Running operations: from the queue through their attempts to their end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import Any, Generic

from .attempts import CANCELLED, Attempts, Body, Outcome
from .clock import Clock, monotonic_of
from .context import OperationContext
from .errors import QueueFull
from .history import History
from .log import log_error
from .operation import Item, Operation, Value
from .output import OutputBuffer
from .queues import Queue
from .scheduler import Scheduler
from .signals import SignalHub
from .snapshot import Facts, Snapshot
from .status import Status
from .steps import Steps
from .validation import running_loop

AnyOperation = Operation[Any, Any]


class Runner(Generic[Item, Value]):
    """Runs the operations that its scheduler starts, and counts how they end.

    The inner half of a coordinator: it knows nothing of submitters and of closing. All
    but ``accept`` belongs to its loop.
    """

    def __init__(
        self,
        body: Body[Item, Value],
        *,
        queue: Queue[AnyOperation],
        limit: int,
        capacity: int,
        history: History,
        on_change: Callable[[Snapshot], object] | None,
        clock: Clock,
        max_retrying: int | None = None,
        hub: SignalHub | None = None,
    ) -> None:
        self._loop = running_loop(type(self).__name__)
        self._clock = clock
        self._monotonic = monotonic_of(clock)
        self._history = history
        self._steps = Steps(on_change, hub) if on_change or hub else None
        """None where nothing listens: most coordinators need no reports."""
        self.hub = hub
        self._attempts = Attempts(
            body, clock=clock, make_context=self._make_context, on_end=self._on_end
        )
        self._lock = threading.Lock()
        """Protects what ``accept`` changes, which any thread may call: the scheduler,
        the fields after it, the statuses of operations that start, and which buffer
        an operation has."""
        self._scheduler: Scheduler[AnyOperation] = Scheduler(
            queue, limit=limit, capacity=capacity, max_retrying=max_retrying
        )
        self._unfinished: dict[str, AnyOperation] = {}
        self._accepted = 0
        self._refused = 0
        self._ended = {Status.SUCCESSFUL: 0, Status.FAILED: 0, Status.CANCELLED: 0}

    # -- starting ----------------------------------------------------------------------

    def accept(
        self, operation: Operation[Item, Value], *, is_admitted: bool = False
    ) -> list[AnyOperation]:
        """Take a new operation, from any thread; return what ``run_bodies`` must start.

        Args:
            operation: New; no other thread has it.
            is_admitted: Whether the caller, on the loop, has asked for a place.

        Raises:
            QueueFull: As many wait as may wait; nothing was changed.
        """
        scheduler = self._scheduler
        with self._lock:  # or two threads would get the last slot
            take = scheduler.take if is_admitted else scheduler.offer
            try:
                started = take(operation)
            except QueueFull:
                self._refused += 1
                raise
            operation.host = self
            self._unfinished[operation.id] = operation
            self._accepted += 1
            if started:
                self._mark_started(started)
        return started

    def _mark_started(self, started: Iterable[AnyOperation]) -> None:
        """Make operations RUNNING in the same step that gave them a slot."""
        for operation in started:
            operation.start(self._monotonic())

    def run_bodies(self, started: Iterable[AnyOperation]) -> None:
        """Run the bodies of operations that got a slot."""
        for operation in started:
            if operation.timer is not None:  # until when it must have started
                operation.timer.cancel()
                operation.timer = None
            if operation.is_cancelling:  # since it got its slot
                self._finish(operation, CANCELLED)
            else:
                self._attempts.start(operation)
                self._notify(operation)

    def _reschedule(
        self, change: Callable[..., list[AnyOperation]], *args: Any
    ) -> None:
        """Change the scheduler and run the operations that this starts."""
        with self._lock:  # accept() may run on another thread
            started = change(*args)
            self._mark_started(started)
        self.run_bodies(started)

    def _make_context(self, operation: AnyOperation) -> OperationContext:
        return OperationContext(operation)

    # -- an attempt's end --------------------------------------------------------------

    def _on_end(self, operation: AnyOperation, outcome: Outcome) -> None:
        """Retry a failed operation, or finish it."""
        delay = None
        if operation.is_cancelling:
            outcome = CANCELLED
        elif outcome.error is not None:
            delay = self._delay_after(operation, outcome.error)
        if delay is None:
            self._finish(operation, outcome)
        else:
            self._rest(operation, delay)

    def _delay_after(
        self, operation: AnyOperation, error: BaseException
    ) -> float | None:
        """Return the seconds until the next attempt; None when none follows."""
        try:
            return operation.policy.delay_after(operation.attempt, error)
        except BaseException:  # SystemExit, too: the slot is to be given back
            log_error("backoff failed, no other attempt: id=%s", operation.id)
            return None

    def _rest(self, operation: AnyOperation, delay: float) -> None:
        with self._lock:  # accept() may run on another thread
            operation.rest()
            started = self._scheduler.rest(operation)
            self._mark_started(started)
        try:
            self._requeue_later(operation, delay)
            self._notify(operation)
        finally:
            self.run_bodies(started)

    def _requeue_later(self, operation: AnyOperation, delay: float) -> None:
        """Queue an operation after its pause; at once where no timer can be set."""
        try:
            operation.timer = self._clock.call_later(delay, self._requeue, operation)
        except Exception:  # of the caller's clock: nothing else would queue it
            log_error("no pause before the retry: id=%s", operation.id)
            self._loop.call_soon(self._requeue, operation)

    def _requeue(self, operation: AnyOperation) -> None:
        operation.timer = None
        self._reschedule(self._scheduler.requeue, operation)

    def _finish(self, operation: AnyOperation, outcome: Outcome) -> None:
        """End an operation; the ones that got its slot start, whatever raises here."""
        is_waiting = operation.status is Status.READY
        with self._lock:  # accept() may run on another thread
            leave = self._scheduler.withdraw if is_waiting else self._scheduler.finish
            started = leave(operation)
            self._mark_started(started)
            del self._unfinished[operation.id]
            self._ended[outcome.status] += 1
        try:
            self._conclude(operation, outcome)
        finally:
            self.run_bodies(started)

    def _conclude(self, operation: AnyOperation, outcome: Outcome) -> None:
        """Write the outcome, then remember it, report it and wake the waiters."""
        operation.finish(
            outcome.status, self._monotonic(), value=outcome.value, error=outcome.error
        )
        try:
            if not self._history.is_off:
                self._history.add(operation.facts())
            self._notify(operation)
        finally:
            operation.wake()
            if not self._unfinished:
                self._on_empty()

    def _on_empty(self) -> None:
        """Called when no operation is unfinished any more."""

    # -- cancelling --------------------------------------------------------------------

    def cancel_operation(self, operation: AnyOperation) -> bool:
        """Cancel an operation; False when it had finished."""
        self.check_loop()
        if operation.id not in self._unfinished:
            return False
        if operation.status is Status.RUNNING:
            operation.is_cancelling = True
            self._attempts.interrupt(operation)
            self.on_progress(operation)
            return True
        if operation.timer is not None:
            operation.timer.cancel()
            operation.timer = None
        self._finish(operation, CANCELLED)
        return True

    def _cancel_all(self) -> int:
        """Cancel all unfinished operations; return their number.

        Waiting ones go first and running ones last: the end of a running one would
        start a waiting one that is to be cancelled, too.
        """
        operations = sorted(
            self._unfinished.values(),
            key=lambda o: (o.status is Status.RUNNING, o.attempt),
        )
        return sum([self.cancel_operation(operation) for operation in operations])

    # -- notifying ---------------------------------------------------------------------

    def _notify(self, operation: AnyOperation) -> None:
        """Report a step, after it was made."""
        if self._steps is not None:
            self._steps.report(operation.facts())

    def _notify_facts(self, facts: Facts) -> None:
        if self._steps is not None:
            self._steps.report(facts)

    def on_progress(self, operation: AnyOperation) -> None:
        """Do nothing: progress, output and a cancel request are no steps."""

    def open_output(self, operation: AnyOperation) -> OutputBuffer:
        """Return the operation's buffer, made at the first call; from any thread."""
        with self._lock:  # or two threads of a body would make two
            return operation.make_buffer()

    def extend_output(self, operation: AnyOperation, size: int) -> None:
        """Do nothing: outputs have no bound here, as values have none."""

    def check_loop(self) -> None:
        """Raise RuntimeError when the caller is not on the coordinator's loop."""
        if asyncio._get_running_loop() is not self._loop:
            raise RuntimeError(
                f"this {type(self).__name__} belongs to another event loop; use "
                "loop.call_soon_threadsafe() or asyncio.run_coroutine_threadsafe() "
                "with its own loop"
            )
