"""Running operations: from the queue through their attempts to their end."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Generic

from .clock import Clock
from .context import CURRENT, OperationContext
from .history import History
from .operation import (
    Item,
    Operation,
    Snapshot,
    Value,
)
from .queues import Queue
from .status import Status
from .validation import running_loop

logger = logging.getLogger("ephemeral_tasks")

Body = Callable[[Item], Coroutine[Any, Any, Value]]


class Runner(Generic[Item, Value]):
    """Starts what its queue gives, at most ``limit`` at once, and counts what ends.

    The inner half of a coordinator: it knows nothing of submitters and of closing.
    Everything of it is touched on its loop alone, unless it says otherwise.
    """

    def __init__(
        self,
        body: Body[Item, Value],
        *,
        queue: Queue,
        limit: int,
        history: History,
        on_change: Callable[[Snapshot], object] | None,
        clock: Clock,
    ) -> None:
        self._loop = running_loop(type(self).__name__)
        self._body = body
        self._queue = queue
        self._limit = limit
        self._history = history
        self._on_change = on_change
        self._clock = clock
        self._no_variables = contextvars.Context()
        """Where our own callbacks run; they would keep a body's variables alive."""
        self._unfinished: dict[str, Operation[Item, Value]] = {}
        self._is_paused = False
        self._running = self._retrying = 0
        self._accepted = 0
        self._ended = {Status.SUCCESSFUL: 0, Status.FAILED: 0, Status.CANCELLED: 0}

    # -- starting ----------------------------------------------------------------------

    def _accept(self, operation: Operation[Item, Value]) -> None:
        """Let an operation wait for its turn."""
        self._queue.push(operation)
        operation.host = self
        self._unfinished[operation.id] = operation
        self._accepted += 1
        self._stepped(operation)

    def _has_slot(self) -> bool:
        return self._running < self._limit and not self._is_paused

    def _dispatch(self) -> None:
        """Start what may start."""
        while self._running < self._limit and not self._is_paused:
            operation = self._queue.pop()
            if operation is None:
                break
            self._start(operation)

    def _start(self, operation: Operation[Item, Value]) -> None:
        if operation.attempt:
            self._retrying -= 1
        if not self._claim(operation):
            if not operation.attempt:
                self._queue.release(operation)  # what its turn took
            self._finish(operation, Status.CANCELLED)
            return
        operation.is_timed_out = operation.is_interrupted = False
        self._running += 1
        context = self._variables_of(operation)
        operation.context = self._context_of(operation)
        context.run(CURRENT.set, operation.context)
        try:
            coroutine = self._body(operation.item)
        except Exception as error:  # the body could not even be called
            self._settle(operation, error)
            return
        task = self._loop.create_task(coroutine, name=operation.id, context=context)
        operation.attempt_task = task
        if operation.policy.timeout is not None:
            operation.timer = self._clock.call_later(
                operation.policy.timeout, self._time_out, operation
            )
        task.add_done_callback(
            partial(self._attempted, operation), context=self._no_variables
        )
        self._stepped(operation)

    def _claim(self, operation: Operation[Item, Value]) -> bool:
        """Make an operation RUNNING; False when it was told to end before."""
        operation.attempt += 1
        if operation.started_time is None:
            operation.started_time = self._clock.time()
        operation.status = Status.RUNNING
        return True

    def _variables_of(self, operation: Operation[Item, Value]) -> contextvars.Context:
        """Return a context for one attempt; what it sets, no other attempt sees."""
        variables = operation.variables
        if variables is None:
            return contextvars.Context()
        if operation.attempt < operation.policy.max_attempts:
            return variables.copy()
        operation.variables = None  # they will hold the operation itself
        return variables

    def _context_of(self, operation: Operation[Item, Value]) -> OperationContext:
        return OperationContext(operation)

    # -- an attempt's end --------------------------------------------------------------

    def _time_out(self, operation: Operation[Item, Value]) -> None:
        task = operation.attempt_task
        if task is not None and not operation.is_told_to_end and not task.done():
            operation.is_timed_out = operation.is_interrupted = True
            task.cancel()

    def _attempted(
        self, operation: Operation[Item, Value], task: asyncio.Task[Value]
    ) -> None:
        """Take an attempt's outcome and let the next operation start."""
        self._detach(operation)
        if operation.timer is not None:
            operation.timer.cancel()
            operation.timer = None
        # Asked for in each case: an error that nobody fetched would be logged.
        error = None if task.cancelled() else task.exception()
        if operation.is_timed_out and not operation.is_cancelling:
            seconds = operation.policy.timeout
            late = TimeoutError(f"the attempt took longer than {seconds} s")
            self._settle(operation, late)
        elif operation.is_cancelling or task.cancelled():
            self._running -= 1
            self._finish(operation, Status.CANCELLED)
        elif error is None:
            self._running -= 1
            self._finish(operation, Status.SUCCESSFUL, value=task.result())
        else:
            self._settle(operation, error)
        self._dispatch()

    def _detach(self, operation: Operation[Item, Value]) -> None:
        if operation.context is not None:
            operation.context.detach()
            operation.context = None

    def _settle(self, operation: Operation[Item, Value], error: BaseException) -> None:
        """Try a failed operation again, or end it."""
        self._running -= 1
        self._detach(operation)
        operation.attempt_task = None
        delay = self._delay_after(operation, error)
        if delay is None:
            self._finish(operation, Status.FAILED, error=error)
        else:
            self._retrying += 1
            operation.status = Status.READY
            operation.timer = self._clock.call_later(delay, self._due, operation)
            self._stepped(operation)

    def _delay_after(
        self, operation: Operation[Item, Value], error: BaseException
    ) -> float | None:
        """Return the seconds until the next attempt; None when none follows."""
        policy = operation.policy
        if not policy.allows_another(operation.attempt, error):
            return None
        try:
            return max(0.0, float(policy.backoff(operation.attempt, error)))
        except Exception:
            logger.error("backoff failed, no further attempt: id=%s", operation.id)
            return None

    def _due(self, operation: Operation[Item, Value]) -> None:
        operation.timer = None
        self._queue.push_again(operation)
        self._dispatch()

    # -- an operation's end ------------------------------------------------------------

    def _finish(
        self,
        operation: Operation[Item, Value],
        status: Status,
        *,
        value: Value | None = None,
        error: BaseException | None = None,
    ) -> None:
        del self._unfinished[operation.id]
        if operation.attempt:
            self._queue.release(operation)
        self._ended[status] += 1
        operation.finish(status, self._clock.time(), value=value, error=error)
        if not self._history.is_off:
            self._history.add(operation.facts())
        self._stepped(operation)
        operation.wake()
        if not self._unfinished:
            self._emptied()

    def _emptied(self) -> None:
        """Hear that nothing is unfinished now."""

    def end(self, operation: Operation[Any, Any]) -> bool:
        """Tell an operation to end; False when it had finished."""
        self.check_loop()
        if operation.id not in self._unfinished:
            return False
        operation.is_cancelling = True
        if operation.attempt_task is not None:
            if not operation.is_interrupted:  # twice would break into its clean-up
                operation.is_interrupted = True
                operation.attempt_task.cancel()
            self.progressed(operation)
            return True
        if operation.timer is not None:
            operation.timer.cancel()
        if operation.attempt:
            self._retrying -= 1
        self._queue.remove(operation)
        self._finish(operation, Status.CANCELLED)
        self._dispatch()
        return True

    def _end_all(self) -> int:
        """Tell all that is unfinished to end; return how many were told.

        Those that wait go first and those that run last, or the end of one would start
        another that is to end, too.
        """
        operations = sorted(
            self._unfinished.values(),
            key=lambda o: (o.attempt_task is not None, o.attempt),
        )
        return sum([self.end(operation) for operation in operations])

    # -- hearing -----------------------------------------------------------------------

    def _stepped(self, operation: Operation[Item, Value]) -> None:
        """Tell the listener of a step."""
        if self._on_change is not None:
            try:
                self._on_change(operation.snapshot())
            except Exception:
                logger.exception("on_change failed: id=%s", operation.id)

    def progressed(self, operation: Operation[Any, Any]) -> None:
        """Do nothing: progress and a request to end are no steps."""

    def check_loop(self) -> None:
        """Raise RuntimeError when the caller is not on the coordinator's loop."""
        if asyncio._get_running_loop() is not self._loop:
            raise RuntimeError(
                f"this {type(self).__name__} belongs to another event loop; use "
                "loop.call_soon_threadsafe() or asyncio.run_coroutine_threadsafe() "
                "with its own loop"
            )
