"""State, slots and bytes of every operation of the pool, under one lock.

Any thread calls; nothing here calls back, wakes a loop or waits. What follows from a
change is returned, and the caller does it once it holds no lock.

Order of locks: ``windows.lock``, then the ledger's own. A look at a window and at the
ledger together is made under the first, so the second is always the inner one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from ..core.attempts import CANCELLED, Outcome
from ..core.errors import Closed, OperationCancelled, QueueFull
from ..core.output import OutputBuffer
from ..core.status import Status
from ..errors import ClientFull
from .change import Change
from .operation import PoolOperation
from .questions import Ending, Question
from .steps import Steps


class Ledger(Steps):
    """The only writer of a status in the pool.

    The step that accepts or ends an operation gives out free slots, too: a free slot
    means that no waiting operation could start. A waiting operation that is cancelled
    is CANCELLED in the same step.
    """

    # -- accepting ---------------------------------------------------------------------

    def accept(
        self,
        operation: PoolOperation,
        *,
        is_due: bool = True,
        place: int = 0,
    ) -> Change:
        """Take a new operation.

        Args:
            operation: New; no other thread has it.
            is_due: False for one that may not start before ``release``.
            place: Its index among its owner's operations, the newest being 0.

        Raises:
            Closed: The process is ending.
            QueueFull, ClientFull: A bound is reached. In each case nothing was changed.
        """
        change = Change()
        with self._lock:  # queued, counted and kept in one step, or refused
            if self._is_closed:
                raise Closed("closed: this process is ending")
            try:
                evicted = self.memory.find_evictable(operation)
                started = self._admission.schedule(operation, is_due=is_due)
            except (QueueFull, ClientFull) as error:
                self._refused[error.reason] += 1
                raise
            self._accepted += 1
            self._unfinished[operation.id] = operation
            self._plain += not operation.task.is_async
            self.memory.add(operation, place=place)
            self._claim(started, change)
            if evicted:
                self._evict(evicted, change)
        if operation.owner is not None:  # the submitter announces its own change
            change.changed.discard(operation.owner)
            change.evicted.discard(operation.owner)
        return change

    def replace(
        self, operation: PoolOperation, leaving: Collection[PoolOperation]
    ) -> Change:
        """Cancel what a new operation supersedes, and forget what leaves for it.

        Args:
            operation: Accepted, and named by its owner's window.
            leaving: Its owner's operations that the window names no more.
        """
        change = Change()
        with self._lock:
            if operation.task.supersede:
                self._supersede(operation, change)
            for old in leaving:
                self._forget(old, change)
        if operation.owner is not None:  # the submitter announces its own change
            change.changed.discard(operation.owner)
        return change

    # -- waiting -----------------------------------------------------------------------

    def release(self, operation: PoolOperation) -> Change:
        """Queue a deferred operation whose time has come, unless it has finished."""
        return self._queue(operation, self._scheduler.release)

    def requeue(self, operation: PoolOperation) -> Change:
        """Queue an operation whose next attempt is due, unless it has finished."""
        return self._queue(operation, self._scheduler.requeue)

    def _queue(
        self,
        operation: PoolOperation,
        enqueue: Callable[[PoolOperation], list[PoolOperation]],
    ) -> Change:
        change = Change()
        with self._lock:  # or a cancel could come between the look and the queue
            if not operation.is_finished:
                self._claim(enqueue(operation), change)
        return change

    # -- ending ------------------------------------------------------------------------

    def end_attempt(
        self, operation: PoolOperation, outcome: Outcome, delay: float | None
    ) -> Change:
        """Finish an operation, or free its slot until the next attempt.

        Args:
            operation: RUNNING.
            outcome: Replaced by CANCELLED where that was asked for meanwhile.
            delay: Seconds until the next attempt; None when none follows.
        """
        change = Change()
        with self._lock:  # or a cancel could come after the look and be ignored
            if operation.question is not None:  # of a task that the body left behind
                self._end_question(operation, Ending.WITHDRAWN, change)
            if operation.is_cancelling:
                outcome, delay = CANCELLED, None
            if delay is None:
                self._finish(operation, outcome, change)
            else:
                operation.rest()
                self._claim(self._scheduler.rest(operation), change)
                if operation.owner is not None:
                    change.changed.add(operation.owner)
        return change

    def cancel(
        self, operation: PoolOperation, *, spare_running: bool = False
    ) -> tuple[bool, Change]:
        """Cancel an operation: now if it waits, else as soon as its body ends.

        Args:
            operation: Of the pool.
            spare_running: Whether one whose body runs is left alone.

        Returns:
            Whether it is or will be CANCELLED, and what follows.
        """
        change = Change()
        with self._lock:  # or its body could start or end between look and cancel
            if operation.is_cancelling or operation.status is Status.CANCELLED:
                return True, change
            if operation.is_finished:
                return False, change
            if spare_running and operation.status is Status.RUNNING:
                return False, change
            self._cancel(operation, change)
        return True, change

    def cancel_all(self) -> Change:
        """Cancel all unfinished operations."""
        with self._lock:
            return self._cancel_each([*self._unfinished.values()])

    def cancel_task(self, name: str) -> tuple[int, Change]:
        """Cancel all unfinished operations of a task; return how many there were."""
        with self._lock:  # or a new one could come between the look and the cancel
            chosen = [
                operation
                for operation in self._unfinished.values()
                if operation.task.name == name and not operation.is_cancelling
            ]
            return len(chosen), self._cancel_each(chosen)

    def close(self) -> Change:
        """Take no more, and cancel deferred operations."""
        with self._lock:
            self._is_closed = True
            is_deferred = self._scheduler.is_deferred
            deferred = [o for o in self._unfinished.values() if is_deferred(o)]
            return self._cancel_each(deferred)

    # -- asking ------------------------------------------------------------------------

    def ask(
        self, operation: PoolOperation, question: Question, attempt: int
    ) -> tuple[Question, Change]:
        """Ask the owner of a running operation, which gives its slot away meanwhile.

        Returns:
            The operation's open question: this one, unless another was open before.

        Raises:
            OperationCancelled: The operation should end, or the attempt has ended.
        """
        change = Change()
        with self._lock:  # asked and without a slot in one step
            is_running = operation.status is Status.RUNNING
            # Another attempt: a task that its body left behind asks.
            is_over = not is_running or operation.attempt != attempt
            if operation.is_end_requested or is_over:
                raise OperationCancelled(operation.id)
            if operation.question is not None:
                return operation.question, change
            operation.questions += 1
            question.number = operation.questions
            question.asked_monotonic = self._monotonic()
            operation.question = question
            if operation.owner is not None:
                change.changed.add(operation.owner)
            self._claim(self._scheduler.lend(operation), change)
        return question, change

    def end_question(
        self,
        operation: PoolOperation,
        question: Question,
        ending: Ending,
        answer: Any = None,
    ) -> tuple[bool, Change]:
        """End an open question; its operation has a slot again, above the limit too.

        Returns:
            False when it was not open, and nothing was changed.
        """
        change = Change()
        with self._lock:  # or two answers would both be the first
            is_open = operation.question is question
            if is_open:
                self._end_question(operation, ending, change, answer)
        return is_open, change

    # -- output ------------------------------------------------------------------------

    def open_output(self, operation: PoolOperation) -> OutputBuffer:
        """Return an operation's buffer, made at the first call."""
        with self._lock:  # or a body and a reader would make two
            return operation.make_buffer(allowance=0)

    def extend_output(self, operation: PoolOperation, size: int) -> Change:
        """Allow an operation an output of ``size`` characters at least.

        Raises:
            ResultTooLarge: A bound is reached; nothing was changed.
        """
        change = Change()
        with self._lock:  # counted and evicted in one step
            self._evict(self.memory.extend_output(operation, size), change)
        return change

    # -- forgetting --------------------------------------------------------------------

    def forget(self, *operations: PoolOperation) -> Change:
        """Forget operations, and cancel the unfinished ones."""
        change = Change()
        with self._lock:
            for operation in operations:
                self._forget(operation, change)
        return change

    # -- steering ----------------------------------------------------------------------

    def resize(self, limit: int) -> Change:
        """Change how many run at once."""
        return self._steer(lambda: self._scheduler.resize(limit))

    def pause(self) -> None:
        """Start no more operations until ``resume``."""
        with self._lock:
            self._scheduler.pause()

    def resume(self) -> Change:
        """Start operations again."""
        return self._steer(self._scheduler.resume)

    def _steer(self, steer: Callable[[], list[PoolOperation]]) -> Change:
        change = Change()
        with self._lock:
            self._claim(steer(), change)
        return change
