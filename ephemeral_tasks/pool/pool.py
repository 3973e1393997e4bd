"""Putting the parts together: one thread, one loop, one ledger."""

from __future__ import annotations

import contextvars
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from .. import tracing
from ..conf import Config
from ..core.clock import Clock, LoopClock, monotonic_of
from ..core.coordinator import Coordinator
from ..machine import process
from ..signals import operation_finished
from .body import PlainRunner, run
from .change import Change
from .coordinator import PoolCoordinator, RunBody
from .counters import PoolStatistics
from .estimate import estimate
from .ledger import Ledger
from .loop import LoopThread
from .operation import PoolOperation
from .presence import Presence, count_sockets
from .samples import Samples
from .sweep import Sweep, reconcile
from .task_times import TaskTimes
from .threads import Threads
from .watchdog import Watchdog


class Hosted(Protocol):
    """What the pool needs of a named coordinator that it hosts."""

    coordinator: Coordinator[Any, Any]


class Pool:
    """Runs the operations of this process; made at the first submission."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        self.config = config
        self.clock: Clock = clock or LoopClock()
        self.monotonic = monotonic_of(self.clock)
        self.ledger = Ledger(config, self.monotonic)
        self.is_idle = threading.Event()
        """Set once the pool is closed and has no unfinished work, or its loop ended."""
        self.loop = LoopThread("ephemeral-tasks")
        self.loop.on_stop(self.is_idle.set)
        self.threads = Threads(self.loop.post)
        self._receivers = Threads(self.loop.post, limit=1)
        """One thread for Django's signals: off the loop, and in order."""
        self.watchdog = Watchdog(
            self.loop,
            clock=self.clock,
            find=self.ledger.find,
            count_running=self.ledger.running,
            tolerated_seconds=config.lag_warning_seconds,
        )
        self._task_times = TaskTimes()
        self.samples = Samples(self.clock, self._task_times, self.statistics)
        """What it did in the last 15 minutes."""
        self._started_monotonic = self.monotonic()
        self._hosted: dict[str, Hosted] = {}
        """Named coordinators; changed on the loop, read by any thread."""
        self.loop.start()
        try:
            self.loop.call(self._begin)
        except Exception:  # raised anew, but first its thread ends
            self.loop.stop(1.0)
            raise

    def _begin(self) -> None:
        self.coordinator = self.make_coordinator(
            self.ledger,
            loop=self.loop,
            clock=self.clock,
            watchdog=self.watchdog,
            run_body=tracing.wrap(self.body_runner()),
            notify=self.notify,
            reconcile=self.reconcile,
            on_empty=self.look_for_idle,
            task_times=self._task_times,
            may_pause=self.may_pause,
        )
        self.presence = Presence(self.ledger, self.clock, self.coordinator.follow)
        self.watchdog.start()
        follow = self.coordinator.follow
        self.sweep = Sweep(self.loop, self.config, self.clock, self.ledger, follow)
        self.sweep.start()
        self.samples.start()

    # -- what tests replace ------------------------------------------------------------

    make_coordinator: type[PoolCoordinator] = PoolCoordinator
    """What runs the operations."""

    may_pause = True
    """Whether a retry waits for its delay."""

    def body_runner(self) -> RunBody:
        """Return the function that runs a call; called on the loop."""
        threads: PlainRunner = self.threads
        return partial(run, threads=threads)

    def on_submitted(self, operation: PoolOperation) -> None:
        """Called after the submitter has released its locks; the inline test pool runs
        the operation here."""

    # -- from any thread ---------------------------------------------------------------

    def accept(
        self,
        operation: PoolOperation,
        *,
        delay: float = 0.0,
        place: int = 0,
    ) -> Change:
        """Take an operation; the caller calls ``follow`` once it holds no lock.

        Args:
            operation: New; no other thread has it.
            delay: Seconds after which it may start; it counts as waiting meanwhile.
            place: Its index among its owner's operations, the newest being 0.

        Raises:
            Closed: The process is ending.
            QueueFull, ClientFull: A bound is reached. In each case nothing was changed.
        """
        change = self.ledger.accept(operation, is_due=delay <= 0, place=place)
        # Now, by the submitter: while the interpreter shuts down, CPython 3.12 starts
        # no thread. If none can be, the operation fails at its start.
        with suppress(RuntimeError):
            if not operation.task.is_async:
                self.threads.reserve(self.ledger.threads_needed())
            if operation.owner is None or operation_finished.receivers:
                self._receivers.reserve(1)
        if delay > 0:
            self.loop.put(self.coordinator.defer, operation, delay)
        return change

    def follow(self, change: Change) -> None:
        """Do what follows from a change of the ledger; the caller holds no lock."""
        self.coordinator.follow(change)

    def forget(self, *operations: PoolOperation) -> None:
        """Forget operations, and cancel the unfinished ones."""
        self.follow(self.ledger.forget(*operations))

    def reconcile(self, owner: str) -> bool:
        """Make the owner's window and the ledger name the same operations."""
        return reconcile(self.ledger, owner, self.follow)

    def notify(self, function: Callable[[], object]) -> None:
        """Call receivers of Django's signals in their own thread; on the loop."""
        self._receivers.run(contextvars.Context(), function)

    def times(self) -> tuple[float, float]:
        """Return now by the monotonic clock, and the seconds from it to the epoch."""
        now = self.monotonic()
        return now, self.clock.time() - now

    def position(self, operation: PoolOperation) -> int | None:
        """Return an operation's place among waiting ones, from 1."""
        return self.ledger.position(operation)

    def estimate(self, operation: PoolOperation, position: int | None) -> float | None:
        """Return the seconds until an operation's end; None when that is unsure."""
        ledger = self.ledger
        return estimate(
            operation,
            self.monotonic(),
            ledger.run_times,
            position=position,
            limit=ledger.limit(),
        )

    def statistics(self) -> PoolStatistics:
        """Return the counters of this instant."""
        return self.ledger.statistics(
            loop_lag_seconds=self.watchdog.lag_seconds(),
            stuck=self.watchdog.stuck(),
            sockets=count_sockets(),
            host_pid=os.getpid(),
            clients=process.count_clients(),
            uptime_seconds=max(0.0, self.monotonic() - self._started_monotonic),
            tasks=self._task_times.statistics(),
        )

    def is_healthy(self) -> bool:
        """Return whether a new visitor's operation would be taken and run soon."""
        is_taken = not (self.ledger.is_closed or self.ledger.is_full())
        return is_taken and self.loop.is_alive() and not self.watchdog.is_stalled()

    # -- named coordinators ------------------------------------------------------------

    def host(self, name: str, make: Callable[[], Hosted]) -> Hosted:
        """Return the hosted coordinator of this name, made on the loop at first use."""
        found = self._hosted.get(name)
        if found is None:
            self.loop.call(partial(self._host, name, make))
            found = self._hosted[name]
        return found

    def _host(self, name: str, make: Callable[[], Hosted]) -> None:
        if name not in self._hosted:
            self._hosted[name] = make()

    def hosted(self) -> list[Coordinator[Any, Any]]:
        """Return the named coordinators; on the loop."""
        return [one.coordinator for one in self._hosted.values()]

    # -- ending ------------------------------------------------------------------------

    def look_for_idle(self) -> None:
        """Set ``is_idle`` if it is so; on the loop, when an operation has ended."""
        if self.ledger.is_closed and self.ledger.is_empty:
            hosted = [one.statistics() for one in self.hosted()]
            if not any(one.running + one.waiting + one.retrying for one in hosted):
                self.is_idle.set()

    def stop(self, timeout: float) -> None:
        """Stop the loop and the threads within ``timeout`` seconds.

        Bodies that still run are left behind; daemon threads do not delay the process.
        """
        until = time.monotonic() + timeout
        self.watchdog.stop()
        self.threads.close()
        self._receivers.close(timeout)
        self.loop.stop(max(0.0, until - time.monotonic()))
