"""Running the pool's operations on its loop; the ledger decides which ones."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from .. import signals
from ..core.attempts import Attempts, Outcome
from ..core.clock import Clock
from ..core.context import OperationContext
from ..core.output import OutputBuffer
from ..core.signals import SignalHub
from ..core.status import Status
from ..errors import OperationFailed, ResultTooLarge, ResultUnfit
from ..signals import operation_finished
from .announcements import Announcements
from .change import Change
from .contexts import PlainContext, PoolContext
from .ledger import Ledger
from .log import log, log_finished
from .loop import LoopThread
from .operation import Notify, PoolOperation
from .question_times import QuestionTimes
from .questions import Ending, Question
from .sentences import sentence_of
from .task_times import TaskTimes
from .threads import uncarry
from .watchdog import Watchdog

RunBody = Callable[[Any], Coroutine[Any, Any, Any]]
"""Runs a call and returns its value."""


class PoolCoordinator:
    """Carries out the ledger's decisions: runs bodies, sets timers, reports ends.

    Made on the pool's loop. Everything below "on the loop" is called there, so its
    fields need no lock.
    """

    hub: SignalHub | None = None
    """The pool has no signals of the core; see ``Host``."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        loop: LoopThread,
        clock: Clock,
        watchdog: Watchdog,
        run_body: RunBody,
        notify: Notify,
        reconcile: Callable[[str], object],
        on_empty: Callable[[], object],
        task_times: TaskTimes,
        may_pause: bool = True,
    ) -> None:
        """Make a coordinator for the running loop.

        Args:
            ledger: The pool's.
            loop: The thread that turns the running loop.
            clock: Where time-outs and pauses come from.
            watchdog: Notified of each attempt.
            run_body: Runs a call.
            notify: Calls receivers of Django's signals in their own thread.
            reconcile: Drops the handles of an owner's evicted operations.
            on_empty: Called when no operation is unfinished any more.
            task_times: Where waits and run times are counted.
            may_pause: False to retry at once.
        """
        self._ledger = ledger
        self._loop = loop
        self._clock = clock
        self._watchdog = watchdog
        self._notify = notify
        self._announcements = Announcements(notify)
        self._reconcile = reconcile
        self._on_empty = on_empty
        self._task_times = task_times
        self._may_pause = may_pause
        self._attempts: Attempts[Any, Any] = Attempts(
            run_body,
            clock=clock,
            make_context=_make_context,
            on_end=self._on_end,
            on_interrupt=self._on_interrupt,
        )
        self._times = QuestionTimes(
            clock, limit_time=self._attempts.limit_time, end_question=self.end_question
        )

    # -- from any thread ---------------------------------------------------------------

    def follow(self, change: Change) -> None:
        """Do what follows from a change of the ledger; the caller holds no lock."""
        if self._loop.is_current():
            self._follow_here(change)
        elif (
            change.started or change.interrupted or change.questions or change.finished
        ):
            self._loop.try_post(self._follow_here, change)
        for operation in change.forgotten:
            if operation.buffer is not None:
                operation.buffer.wake()
        self._announce(change)

    def _announce(self, change: Change) -> None:
        """Call the listeners for each owner whose rows changed."""
        for owner in change.evicted:  # the cache may fail; the sweep asks it again
            self._loop.guard(self._reconcile, owner)
        for owner in change.changed | change.evicted:
            signals.send_changed(owner)

    def cancel_operation(self, operation: PoolOperation) -> bool:
        """Cancel an operation; False when it had finished otherwise."""
        is_cancelled, change = self._ledger.cancel(operation)
        self.follow(change)
        return is_cancelled

    def check_loop(self) -> None:
        """Do nothing: waiters of other loops wait for a LoopWaiter."""

    def open_output(self, operation: PoolOperation) -> OutputBuffer:
        """Return the operation's buffer, made at the first call."""
        return self._ledger.open_output(operation)

    def extend_output(self, operation: PoolOperation, size: int) -> None:
        """Allow the buffer ``size`` characters at least.

        Raises:
            ResultTooLarge: A bound is reached.
        """
        try:
            change = self._ledger.extend_output(operation, size)
        except ResultTooLarge as error:
            operation.output_refusal = error.message
            raise
        self.follow(change)

    def ask(
        self, operation: PoolOperation, question: Question, attempt: int
    ) -> Question:
        """Ask the operation's owner; return its open question, perhaps another.

        Raises:
            OperationCancelled: The operation should end, or the attempt has ended.
        """
        asked, change = self._ledger.ask(operation, question, attempt)
        if asked is question and self._loop.is_current():
            self._times.begin(operation, question)
        elif asked is question:
            self._loop.post(self._times.begin, operation, question)
        self.follow(change)
        return asked

    def end_question(
        self, operation: PoolOperation, question: Question, ending: Ending
    ) -> None:
        """End a question, unless it has ended."""
        self.follow(self._ledger.end_question(operation, question, ending)[1])

    def on_progress(self, operation: PoolOperation) -> None:
        """Announce progress or output once, until the row is read."""
        if not operation.is_announced:
            operation.is_announced = True
            if operation.owner is not None:
                signals.send_changed(operation.owner)

    # -- on the loop -------------------------------------------------------------------

    def _follow_here(self, change: Change) -> None:
        """Start bodies first, so that no slot is idle; then interrupt and report."""
        for operation in change.started:
            self._loop.guard(self.start, operation)
        for operation in change.interrupted:
            self._loop.guard(self._attempts.interrupt, operation)
        # After the interruption: an async body gets one CancelledError, nothing else.
        for operation, question in change.questions:
            self._loop.guard(self._times.end, operation, question)
        for operation in change.finished:
            self._loop.guard(self._report, operation, None)

    def start(self, operation: PoolOperation) -> None:
        """Run the body of an operation that is RUNNING."""
        operation.host = self
        if operation.is_cancelling:  # since it got its slot
            self._end(operation, Outcome(Status.CANCELLED), None, None)
            return
        self._attempts.start(operation)
        self._watchdog.wake()
        if operation.attempt == 1:
            seconds = operation.waited_seconds()
            self._task_times.note_start(operation.task.name, seconds)
        operation.on_step(self._notify)

    def defer(self, operation: PoolOperation, delay: float) -> None:
        """Queue an operation after ``delay`` seconds, unless it has finished."""
        if not operation.is_finished:
            operation.timer = self._clock.call_later(delay, self._release, operation)

    def _release(self, operation: PoolOperation) -> None:
        operation.timer = None
        self.follow(self._ledger.release(operation))

    def _requeue(self, operation: PoolOperation) -> None:
        operation.timer = None
        self.follow(self._ledger.requeue(operation))

    def _on_interrupt(self, operation: Any) -> None:
        self._watchdog.watch_end(operation)

    # -- an attempt's end --------------------------------------------------------------

    def _on_end(self, operation: Any, outcome: Outcome) -> None:
        """Finish or retry after an attempt; its slot is freed whatever raises here."""
        self._watchdog.forget(operation.id)
        cause = None if outcome.error is None else uncarry(outcome.error)
        refusal = None if operation.is_timed_out else operation.output_refusal
        if cause is not None and refusal is not None:  # whatever the body made of it
            cause = ResultTooLarge(refusal).with_traceback(cause.__traceback__)
        if cause is None:
            self._end(operation, outcome, None, None)
            return
        delay = self._delay_after(operation, cause)
        if delay is None:
            operation.failure = sentence_of(cause, is_timed_out=operation.is_timed_out)
            # For its name alone: the body's error would keep its frames alive.
            outcome = Outcome(
                Status.FAILED, error=OperationFailed("", operation.reference)
            )
        self._end(operation, outcome, delay, cause)

    def _delay_after(
        self, operation: PoolOperation, error: BaseException
    ) -> float | None:
        """Return the seconds until the next attempt; None when none follows."""
        try:
            operation.note_failure(error)
            if isinstance(error, ResultTooLarge | ResultUnfit):
                return None
            delay = operation.policy.delay_after(operation.attempt, error)
        except BaseException:  # of the site's backoff, or of the error's own class
            log(logging.ERROR, "backoff failed, no other attempt: id=%s", operation.id)
            return None
        return delay if delay is None or self._may_pause else 0.0

    def _end(
        self,
        operation: PoolOperation,
        outcome: Outcome,
        delay: float | None,
        cause: BaseException | None,
    ) -> None:
        change = self._ledger.end_attempt(operation, outcome, delay)
        if operation in change.finished:
            # Bodies that got the slot start before this end is logged and signalled.
            change.finished.remove(operation)
            self._follow_here(change)
            self._announce(change)
            self._report(operation, cause)
        else:
            self.follow(change)
            self._requeue_later(operation, delay or 0.0)

    def _requeue_later(self, operation: PoolOperation, delay: float) -> None:
        """Queue an operation after its pause; at once where no timer can be set."""
        try:
            operation.timer = self._clock.call_later(delay, self._requeue, operation)
        except Exception:  # of the site's clock: nothing else would queue it
            log(logging.ERROR, "no pause before the retry: id=%s", operation.id)
            self._requeue(operation)

    def _report(self, operation: PoolOperation, cause: BaseException | None) -> None:
        """Log the end, send signals and wake the waiters."""
        if operation.timer is not None:
            operation.timer.cancel()
            operation.timer = None
        try:
            log_finished(operation, cause if operation.error is not None else None)
            operation.on_step(self._notify)
            if operation_finished.receivers:  # without any it costs nothing
                self._announcements.add(operation)
            if operation.attempt:
                seconds = operation.attempt_seconds()
                self._task_times.note_end(operation.task.name, seconds)
        finally:
            operation.wake()
            if self._ledger.is_empty:
                self._on_empty()


def _make_context(operation: Any) -> OperationContext:
    return (
        PoolContext(operation) if operation.task.is_async else PlainContext(operation)
    )
