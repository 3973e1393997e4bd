"""How long each task took lately in this process; numbers without content."""

from __future__ import annotations

from collections import deque

_KEPT = 50
_NEEDED = 3
_MAX_RATIO = 4


class RunTimes:
    """The newest run times of each task.

    Written under the ledger's lock. Read without it: copying a deque is one step for
    the interpreter.
    """

    def __init__(self) -> None:
        self._by_task: dict[str, deque[float]] = {}

    def note(self, task: str, seconds: float) -> None:
        """Add the run time of an attempt that ended well."""
        times = self._by_task.get(task)
        if times is None:
            times = self._by_task[task] = deque(maxlen=_KEPT)
        times.append(seconds)

    def mean(self, task: str) -> float | None:
        """Return the mean in seconds; None for too few, or too different ones."""
        known = self._by_task.get(task)
        times = () if known is None else tuple(known.copy())
        if len(times) < _NEEDED or max(times) > _MAX_RATIO * min(times):
            return None
        return sum(times) / len(times)
