"""When operations may start, and until when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .attempts import Body, Outcome
from .clock import Clock, monotonic_of
from .ending import Ending
from .operation import Item, Operation, Value
from .pace import Pace
from .queues import Queue
from .rate import Rate
from .rated_queue import RatedQueue
from .status import Status
from .validation import check_at_least, check_positive, check_seconds
from .values import finite


class Timing(Ending[Item, Value]):
    """A runner that starts operations at a rate, and in time or never."""

    def __init__(
        self,
        body: Body[Item, Value],
        *,
        queue: Queue[Any],
        clock: Clock,
        rate: float | None,
        burst: int,
        cost: Callable[[Item], float] | None,
        start_within: float | None,
        **parts: Any,
    ) -> None:
        check_seconds("start_within", start_within)
        self._pace: Pace | None = None
        """None where there is no rate."""
        if rate is not None:
            check_positive("rate", rate)
            check_at_least("burst", burst, 1)
            starts = Rate(rate, burst, monotonic_of(clock))
            queue = RatedQueue(queue, starts)
            self._pace = Pace(starts, clock, self._wake)
        elif burst != 1 or cost is not None:
            raise ValueError("burst and cost need a rate")
        self._cost = cost
        self._start_within = start_within
        super().__init__(body, queue=queue, clock=clock, **parts)

    def _limit_wait(self, operation: Operation[Any, Any] | None) -> None:
        """Fail an operation that does not start in time; its start ends the timer."""
        # One that another thread submitted may have started, and more, until now.
        if operation and operation.status is Status.READY and not operation.attempt:
            operation.timer = self._clock.call_later(
                self._start_within or 0.0, self._give_up, operation
            )

    def _give_up(self, operation: Operation[Any, Any]) -> None:
        operation.timer = None
        seconds = self._start_within
        error = TimeoutError(f"the operation did not start within {seconds} s")
        self._finish(operation, Outcome(Status.FAILED, error=error))

    def _watch(self, pace: Pace) -> None:
        """Wake this coordinator when its rate allows what may wait for it."""
        pace.watch(is_awaited=bool(self._unfinished or self._blocked))

    def _wake(self) -> None:
        self._reschedule(self._scheduler.claim)

    def _on_drained(self) -> None:
        if self._pace is not None:
            self._pace.stop()
        super()._on_drained()


def weigh(cost: Callable[[Item], float], item: Item) -> float:
    """Return what an item weighs against the rate.

    Raises:
        TypeError, ValueError: It is no finite number from 0 on.
    """
    weight = finite("cost", cost(item))
    if weight < 0:
        raise ValueError(f"cost must be >= 0, got {weight}")
    return weight
