"""Running single attempts of operations: task, context, time-out, interruption."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Generic, NamedTuple

from .clock import Clock
from .context import CURRENT, OperationContext
from .operation import Item, Operation, Value
from .status import Status
from .validation import running_loop

Body = Callable[[Item], Coroutine[Any, Any, Value]]
AnyOperation = Operation[Any, Any]


class Outcome(NamedTuple):
    """How an attempt ended: a value, an error, or neither when it was cancelled."""

    status: Status
    value: Any = None
    error: BaseException | None = None


CANCELLED = Outcome(Status.CANCELLED)


class Attempts(Generic[Item, Value]):
    """Runs bodies on one loop and reports how each attempt ended.

    Which operation starts, and what follows an attempt, is decided elsewhere. Belongs
    to its loop: no lock protects its fields and those of the attempts.
    """

    def __init__(
        self,
        body: Body[Item, Value],
        *,
        clock: Clock,
        make_context: Callable[[AnyOperation], OperationContext],
        on_end: Callable[[AnyOperation, Outcome], None],
        on_interrupt: Callable[[AnyOperation], object] | None = None,
    ) -> None:
        """Belong to the running loop.

        Args:
            body: Coroutine function, called with an operation's item.
            clock: Where time-outs come from.
            make_context: Makes the object through which a body reports.
            on_end: Called once for each attempt that was started.
            on_interrupt: Called when an attempt's task was cancelled.
        """
        self._loop = running_loop(type(self).__name__)
        self._body = body
        self._clock = clock
        self._make_context = make_context
        self._on_end = on_end
        self._on_interrupt = on_interrupt
        self._no_variables = contextvars.Context()
        """For our own callbacks: a copy would keep a body's variables alive."""

    def start(self, operation: AnyOperation) -> None:
        """Run the body of an operation that is RUNNING."""
        context = operation.context = self._make_context(operation)
        if operation.buffer is not None:  # its readers wait for this attempt
            operation.buffer.wake()
        variables = _make_variables(operation)
        variables.run(CURRENT.set, context)
        try:
            if operation.policy.timeout is not None:
                self.limit_time(operation, operation.policy.timeout)
            coroutine = self._body(operation.item)
        except Exception as error:  # the body could not even be called
            # Not at once: the end of an attempt starts the next operation, and a row of
            # such failures would be a recursion.
            failed = Outcome(Status.FAILED, error=error)
            self._loop.call_soon(
                self._finish, operation, failed, context=self._no_variables
            )
            return
        attempt_task = self._loop.create_task(
            coroutine, name=operation.id, context=variables
        )
        operation.attempt_task = attempt_task
        attempt_task.add_done_callback(
            partial(self._on_done, operation), context=self._no_variables
        )

    def interrupt(self, operation: AnyOperation) -> bool:
        """Cancel the attempt's task, once; False when there is nothing to cancel."""
        attempt_task = operation.attempt_task
        if attempt_task is None or attempt_task.done() or operation.is_interrupted:
            return False  # a second cancel would break into the body's clean-up
        operation.is_interrupted = True
        attempt_task.cancel()
        if self._on_interrupt is not None:
            self._on_interrupt(operation)
        return True

    def limit_time(self, operation: AnyOperation, seconds: float) -> None:
        """End the running attempt as timed out after so many seconds more."""
        operation.timer = self._clock.call_later(seconds, self._time_out, operation)

    def _time_out(self, operation: AnyOperation) -> None:
        if not operation.is_end_requested and self.interrupt(operation):
            operation.is_timed_out = True

    def _on_done(
        self, operation: AnyOperation, attempt_task: asyncio.Task[Value]
    ) -> None:
        # Fetched in each case: asyncio logs an error that nothing has fetched.
        error = None if attempt_task.cancelled() else attempt_task.exception()
        if operation.is_timed_out and not operation.is_cancelling:
            seconds = operation.policy.timeout
            error = TimeoutError(f"the attempt took longer than {seconds} s")
            outcome = Outcome(Status.FAILED, error=error)
        elif attempt_task.cancelled():
            outcome = CANCELLED
        elif error is not None:
            outcome = Outcome(Status.FAILED, error=error)
        else:
            outcome = Outcome(Status.SUCCESSFUL, attempt_task.result())
        self._finish(operation, outcome)

    def _finish(self, operation: AnyOperation, outcome: Outcome) -> None:
        operation.attempt_task = None
        if operation.timer is not None:
            operation.timer.cancel()
            operation.timer = None
        if operation.context is not None:
            operation.context.detach()
            operation.context = None
        self._on_end(operation, outcome)


def _make_variables(operation: AnyOperation) -> contextvars.Context:
    """Return a context for one attempt; no other attempt sees its changes."""
    variables = operation.variables
    if variables is None:
        return contextvars.Context()
    if operation.attempt < operation.policy.max_attempts:
        return variables.copy()
    operation.variables = None  # they will refer to the operation itself
    return variables
