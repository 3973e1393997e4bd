"""The time of open questions, and of the attempts that ask them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from ..core.clock import Clock, monotonic_of
from .log import log
from .operation import PoolOperation
from .questions import Ending, Question


class QuestionTimes:
    """Stops an attempt's time while it asks; belongs to the pool's loop."""

    def __init__(
        self,
        clock: Clock,
        *,
        limit_time: Callable[[PoolOperation, float], object],
        end_question: Callable[[PoolOperation, Question, Ending], object],
    ) -> None:
        """Set no timer yet.

        Args:
            clock: The pool's.
            limit_time: Ends a running attempt after so many seconds.
            end_question: Ends a question, unless it has ended.
        """
        self._clock = clock
        self._limit_time = limit_time
        self._end_question = end_question

    def begin(self, operation: PoolOperation, question: Question) -> None:
        """Stop the attempt's time and start the question's."""
        if question.ending is not None:
            return
        if operation.is_timed_out:  # just before the question came here
            self._end_question(operation, question, Ending.WITHDRAWN)
            return
        if operation.timer is not None:
            operation.timer.cancel()
            operation.timer = None
        if question.timeout is not None:
            self._expire_later(operation, question, question.timeout)

    def _expire_later(
        self, operation: PoolOperation, question: Question, seconds: float
    ) -> None:
        """End a question after its time; at once where no timer can be set."""
        expire = partial(self._end_question, operation, question, Ending.EXPIRED)
        try:
            question.timer = self._clock.call_later(seconds, expire)
        except Exception:  # of the site's clock: nothing else would end it
            log(logging.ERROR, "no time-out of a question: id=%s", operation.id)
            expire()

    def end(self, operation: PoolOperation, question: Question) -> None:
        """Start the attempt's time again, and wake the body."""
        if question.timer is not None:
            question.timer.cancel()
            question.timer = None
        now = monotonic_of(self._clock)()
        operation.asked_seconds += now - question.asked_monotonic
        try:
            self._go_on(operation, now)
        finally:  # also where the site's clock sets no timer
            question.wake()

    def _go_on(self, operation: PoolOperation, now: float) -> None:
        timeout, begun = operation.policy.timeout, operation.attempted_monotonic
        is_running = operation.attempt_task is not None
        if is_running and timeout is not None and begun is not None:
            if operation.timer is not None:  # answered before the loop came to `begin`
                operation.timer.cancel()
            left = begun + timeout + operation.asked_seconds - now
            self._limit_time(operation, max(0.0, left))
