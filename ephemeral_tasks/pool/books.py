"""What the ledger holds, and looks at it from any thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from ..conf import Config
from ..core.status import Status
from .admission import Admission
from .counters import PoolStatistics
from .memory import Memory
from .operation import PoolOperation
from .run_times import RunTimes
from .task_times import TaskStatistics


class Books:
    """State, slots and bytes of every operation, for the ledger to change.

    Methods "without the lock" read one number, or look up or copy one dict, which the
    interpreter does in one step.
    """

    def __init__(self, config: Config, monotonic: Callable[[], float]) -> None:
        self._config = config
        self._monotonic = monotonic
        self._lock = threading.RLock()
        """Protects everything below and the statuses. Reentrant for the site's sake: a
        signal handler or a finalizer may call the pool while this thread holds it."""
        self.memory = Memory(config)
        """What is kept; others only look at it."""
        self.run_times = RunTimes()
        """How long tasks took; others only look at it."""
        self._admission = Admission(config, self.memory)
        self._scheduler = self._admission.slots
        self._unfinished: dict[str, PoolOperation] = {}
        """In the order of acceptance; also forgotten ones that have not ended."""
        self._plain = 0
        """Unfinished operations that need a thread."""
        self._is_closed = False
        self._accepted = 0
        self._refused: Counter[str] = Counter()
        """By the setting whose bound was reached."""
        self._ended = {Status.SUCCESSFUL: 0, Status.FAILED: 0, Status.CANCELLED: 0}

    # -- looking -----------------------------------------------------------------------

    @property
    def is_closed(self) -> bool:
        """True once nothing more is taken; written once, read without the lock."""
        return self._is_closed

    @property
    def is_empty(self) -> bool:
        """True while no operation is unfinished; without the lock."""
        return not self._unfinished

    def is_full(self) -> bool:
        """Return whether a new visitor's operation would be refused."""
        with self._lock:
            return not self._scheduler.admits(object())

    def threads_needed(self) -> int:
        """Return how many plain functions may run at once now; without the lock."""
        return min(self._plain, self._scheduler.limit + self._scheduler.asking)

    def find(self, id: str) -> PoolOperation | None:
        """Return an unfinished operation; without the lock."""
        return self._unfinished.get(id)

    def unfinished(self) -> list[PoolOperation]:
        """Return unfinished operations in the order of acceptance; without the lock."""
        return list(self._unfinished.values())

    def running(self) -> int:
        """Return how many hold a slot; without the lock."""
        return self._scheduler.running

    def load(self) -> tuple[int, int]:
        """Return how many hold a slot, and how many wait, also between attempts."""
        with self._lock:  # both of one instant
            scheduler = self._scheduler
            return scheduler.running, scheduler.waiting + scheduler.retrying

    def limit(self) -> int | None:
        """Return how many run at once, None while it pauses; without the lock."""
        return None if self._scheduler.is_paused else self._scheduler.limit

    def position(self, operation: PoolOperation) -> int | None:
        """Return an operation's place among waiting ones, from 1; else None."""
        with self._lock:  # the queue is walked and must not change meanwhile
            if operation.status is not Status.READY:
                return None
            return self._scheduler.position(operation)

    def newest_finished(self, count: int) -> list[PoolOperation]:
        """Return at most so many finished operations, the newest end first."""
        with self._lock:  # the dict is walked and must not change meanwhile
            return self.memory.newest_finished(count)

    def statistics(
        self,
        *,
        loop_lag_seconds: float,
        stuck: int,
        sockets: int,
        host_pid: int,
        clients: int,
        uptime_seconds: float,
        tasks: tuple[TaskStatistics, ...],
    ) -> PoolStatistics:
        """Return the counters of this instant, with those that others know."""
        with self._lock:
            scheduler = self._scheduler
            return PoolStatistics(
                running=scheduler.running,
                waiting=scheduler.waiting,
                asking=scheduler.asking,
                retrying=scheduler.retrying,
                max_running=scheduler.limit,
                max_waiting=scheduler.capacity,
                max_owners=self._config.max_owners,
                max_kept_bytes=self._config.max_kept_bytes,
                accepted=self._accepted,
                refused=self._refused.total(),
                refused_by_reason=dict(self._refused),
                successful=self._ended[Status.SUCCESSFUL],
                failed=self._ended[Status.FAILED],
                cancelled=self._ended[Status.CANCELLED],
                oldest_wait_seconds=self._oldest_wait_seconds(),
                loop_lag_seconds=loop_lag_seconds,
                stuck=stuck,
                owners=self.memory.owner_count(),
                sockets=sockets,
                host_pid=host_pid,
                clients=clients,
                kept_bytes=self.memory.bytes,
                is_paused=scheduler.is_paused,
                uptime_seconds=uptime_seconds,
                tasks=tasks,
            )

    def _oldest_wait_seconds(self) -> float:
        for operation in self._unfinished.values():
            if operation.status is Status.READY and not operation.attempt:
                return max(0.0, self._monotonic() - operation.submitted_monotonic)
        return 0.0

    def check(self) -> None:
        """Raise AssertionError unless all of this agrees with itself; for tests."""
        with self._lock:
            left, scheduler = [*self._unfinished.values()], self._scheduler
            running = [one for one in left if one.status is Status.RUNNING]
            waiting = [one for one in left if one.status is Status.READY]
            retrying = [one for one in waiting if one.attempt]
            assert len(left) == len(running) + len(waiting)
            asking = [one for one in running if one.question is not None]
            assert all(one.question is None for one in waiting)
            assert scheduler.asking == len(asking)
            assert scheduler.running == len(running) - len(asking)
            assert scheduler.retrying == len(retrying)
            assert scheduler.waiting == len(waiting) - len(retrying)
            assert self._accepted == len(left) + sum(self._ended.values())
            assert self._plain == sum(not one.task.is_async for one in left)
            self.memory.check(left)
