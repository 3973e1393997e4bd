"""Steering what a coordinator runs, and looking at it."""

from __future__ import annotations

from .history import Echo
from .operation import Item, Value
from .runner import Runner
from .snapshot import Snapshot
from .statistics import Statistics
from .status import Status
from .validation import check_at_least


class Steering(Runner[Item, Value]):
    """A runner that its owner pauses, resizes, cancels and looks at."""

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

    def pause(self) -> None:
        """Start no more bodies until ``resume``; running ones go on."""
        self.check_loop()
        self._scheduler.pause()

    def resume(self) -> None:
        """Start waiting operations again."""
        self.check_loop()
        self._reschedule(self._scheduler.resume)

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
