"""Steering what a coordinator runs, and looking at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .attempts import Body
from .clock import TimerHandle
from .history import Echo
from .matching import patterns_in
from .operation import Item, Value
from .runner import Runner
from .signal import Signal
from .snapshot import Snapshot
from .statistics import Statistics
from .status import Status
from .validation import check_at_least, check_seconds

CALL, TIME, SIGNAL = "call", "time", "signal"
"""What a coordinator may be paused by; each ends by itself or with ``resume``."""


class Steering(Runner[Item, Value]):
    """A runner that its owner pauses, resizes, cancels and looks at."""

    def __init__(self, body: Body[Item, Value], **parts: Any) -> None:
        super().__init__(body, **parts)
        self._pauses: set[str] = set()
        """Why nothing starts: some of ``CALL``, ``TIME``, ``SIGNAL``."""
        self._pause_end = 0.0
        """When the pause by ``TIME`` ends, by the monotonic clock."""
        self._pause_timer: TimerHandle | None = None
        self._subscriptions: list[Callable[[], None]] = []
        """Each ends one of the hub's."""

    # -- steering ----------------------------------------------------------------------

    def cancel(self, id: str) -> bool:
        """Ask one operation to end CANCELLED; False when it finished or is unknown."""
        self.check_loop()
        operation = self._unfinished.get(id)
        return operation is not None and self.cancel_operation(operation)

    def cancel_all(self) -> int:
        """Ask all unfinished operations to end CANCELLED; return their number."""
        self.check_loop()
        return self._cancel_all()

    def pause(self, *, for_seconds: float | None = None) -> None:
        """Start no more bodies until ``resume``; running ones go on.

        Args:
            for_seconds: After which this pause ends by itself; of several such pauses
                the one that ends last counts, and none shortens a pause without it.
        """
        self.check_loop()
        check_seconds("for_seconds", for_seconds)
        if for_seconds is None:
            self._hold(CALL)
        else:
            self._pause_until(self._monotonic() + for_seconds)

    def _pause_until(self, end: float) -> None:
        if TIME in self._pauses and end <= self._pause_end:
            return
        self._stop_pause_timer()
        self._pause_end = end
        seconds = end - self._monotonic()
        self._pause_timer = self._clock.call_later(seconds, self._end_pauses, TIME)
        self._hold(TIME)

    def _stop_pause_timer(self) -> None:
        if self._pause_timer is not None:
            self._pause_timer.cancel()
            self._pause_timer = None

    def resume(self) -> None:
        """Start waiting operations again, whatever they were paused by."""
        self.check_loop()
        self._stop_pause_timer()
        self._end_pauses(*self._pauses)

    def _hold(self, pause: str) -> None:
        """Start no more bodies as long as there is this pause, or another."""
        was_paused = self._scheduler.is_paused
        self._pauses.add(pause)
        self._scheduler.pause()
        if not was_paused:
            self._announce("coordinator.paused")

    def _end_pauses(self, *pauses: str) -> None:
        """End pauses; start waiting operations if there is no other."""
        self._pauses.difference_update(pauses)
        if self._scheduler.is_paused and not self._pauses:
            self._reschedule(self._scheduler.resume)
            self._announce("coordinator.resumed")

    def _announce(self, name: str) -> None:
        """Emit a signal of the coordinator's own life."""
        if self._steps is not None:
            self._steps.announce(name)

    # -- signals -----------------------------------------------------------------------

    def _subscribe(
        self,
        cancel_on: str | Iterable[str],
        defer_on: str | Iterable[str],
        resume_on: str | Iterable[str],
    ) -> None:
        """Follow signals until the coordinator is drained."""
        for argument, value, callback in (
            ("cancel_on", cancel_on, self._on_cancel_signal),
            ("defer_on", defer_on, self._on_defer_signal),
            ("resume_on", resume_on, self._on_resume_signal),
        ):
            for pattern in patterns_in(argument, value):
                if self.hub is None:
                    raise ValueError(f"{argument} needs a hub")
                self._subscriptions.append(self.hub.subscribe(pattern, callback))

    def _unsubscribe(self) -> None:
        while self._subscriptions:
            self._subscriptions.pop()()

    def _on_cancel_signal(self, signal: Signal) -> None:
        self.cancel_all()

    def _on_defer_signal(self, signal: Signal) -> None:
        self._hold(SIGNAL)

    def _on_resume_signal(self, signal: Signal) -> None:
        self._end_pauses(SIGNAL)

    def resize(self, limit: int) -> None:
        """Run ``limit`` bodies at once; a smaller limit holds once running ones end."""
        self.check_loop()
        check_at_least("limit", limit, 1)
        self._reschedule(self._scheduler.resize, limit)

    # -- looking -----------------------------------------------------------------------

    def statistics(self) -> Statistics:
        """Return the counters of this instant."""
        with self._lock:  # accept() on another thread changes several of them
            scheduler = self._scheduler
            return Statistics(
                running=scheduler.running,
                waiting=scheduler.waiting,
                retrying=scheduler.retrying,
                limit=scheduler.limit,
                capacity=scheduler.capacity,
                accepted=self._accepted,
                refused=self._refused,
                successful=self._ended[Status.SUCCESSFUL],
                failed=self._ended[Status.FAILED],
                cancelled=self._ended[Status.CANCELLED],
                is_paused=scheduler.is_paused,
            )

    def snapshots(self, *, status: Status | None = None) -> tuple[Snapshot, ...]:
        """Return the unfinished operations and the history, oldest submission first."""
        self.check_loop()
        pictures = [*self._history]
        pictures += [operation.snapshot() for operation in self._unfinished.values()]
        pictures.sort(key=lambda snapshot: snapshot.submitted_at)
        return tuple(p for p in pictures if status is None or p.status is status)

    def echoes(self) -> tuple[Echo, ...]:
        """Return the echoes of operations that the history evicted, oldest first."""
        self.check_loop()
        return self._history.echoes()

    def pin(self, id: str) -> None:
        """Keep an operation in the history until ``unpin``, once it has finished.

        Raises:
            UnknownOperation: It is neither unfinished nor in the history.
        """
        self.check_loop()
        self._history.pin(id, is_coming=id in self._unfinished)

    def unpin(self, id: str) -> None:
        """Subject a pinned operation to the bounds of count and age again."""
        self.check_loop()
        self._history.unpin(id)
