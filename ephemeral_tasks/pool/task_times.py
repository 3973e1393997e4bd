"""How long each task's operations waited and ran in the last 15 minutes."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from itertools import accumulate

_BOUNDS = tuple(0.001 * 2 ** (number / 4) for number in range(96))
"""In seconds, from 1 ms to 4 hours: a time is known within 19 %."""

_MINUTES = 15
_MAX_TASKS = 50
"""So many are told apart; the times of all others are one task's, named ""."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatistics:
    """The times of one task's operations in the last 15 minutes, rounded up by 19 %."""

    task: str
    """The task's name; empty for all tasks after the fiftieth."""

    started: int
    """Operations whose body was started for the first time."""

    ended: int
    """Operations that ended after a start."""

    wait_p50_seconds: float
    """Half of them had waited no longer for their first start; 0 for none."""

    wait_p95_seconds: float
    """The same of 95 %."""

    run_p50_seconds: float
    """Half of the last attempts took no longer, open questions not counted."""

    run_p95_seconds: float
    """The same of 95 %."""


class _Counts:
    """How many times of one task are within each bound."""

    __slots__ = ("runs", "waits")

    def __init__(self) -> None:
        self.waits = array("I", [0]) * (len(_BOUNDS) + 1)
        self.runs = array("I", [0]) * (len(_BOUNDS) + 1)

    def add(self, other: _Counts, sign: int = 1) -> None:
        """Add what another one counted, or take it away again."""
        for own, added in ((self.waits, other.waits), (self.runs, other.runs)):
            for index, count in enumerate(added):
                if count:
                    own[index] += sign * count


class TaskTimes:
    """Counts by task, minute and length of time; takes 0.8 MiB at most.

    Changed on the pool's loop. ``statistics`` may be called by any thread: copying a
    dict or an array is one step for the interpreter.
    """

    def __init__(self) -> None:
        self.started = 0
        """Operations that were started, since the pool was."""
        self.longest_wait_seconds = 0.0
        """Of those that were started since it was last set to 0."""
        self._now: dict[str, _Counts] = {}
        """Of the minute that goes on."""
        self._minutes: deque[dict[str, _Counts]] = deque()
        """Of the minutes before, the oldest in front."""
        self._before: dict[str, _Counts] = {}
        """The sum of those."""

    def note_start(self, task: str, waited_seconds: float) -> None:
        """Count a first start."""
        self.started += 1
        counts = self._now.get(task) or self._open(task)
        counts.waits[bisect_left(_BOUNDS, waited_seconds)] += 1
        self.longest_wait_seconds = max(self.longest_wait_seconds, waited_seconds)

    def note_end(self, task: str, ran_seconds: float) -> None:
        """Count the end of an operation that was started."""
        counts = self._now.get(task) or self._open(task)
        counts.runs[bisect_left(_BOUNDS, ran_seconds)] += 1

    def _open(self, task: str) -> _Counts:
        known = self._before.keys() | self._now.keys()
        name = task if task in known or len(known) < _MAX_TASKS else ""
        return self._now.setdefault(name, _Counts())

    def begin_minute(self) -> None:
        """Close a minute, and forget the one that was closed 14 minutes before."""
        if len(self._minutes) == _MINUTES - 1:
            self._sum_up(self._minutes.popleft(), -1)
        self._sum_up(self._now, 1)
        self._minutes.append(self._now)
        self._now = {}

    def _sum_up(self, minute: dict[str, _Counts], sign: int) -> None:
        """Add a minute to the sum, or take it away; a task without counts is left out.

        The sum is replaced as a whole, since another thread may read it.
        """
        before = dict(self._before)
        for task, counts in minute.items():
            known = _Counts()
            known.add(before.pop(task, known))
            known.add(counts, sign)
            if any(known.waits) or any(known.runs):
                before[task] = known
        self._before = before

    def statistics(self) -> tuple[TaskStatistics, ...]:
        """Return the times of each task, in the order of their names."""
        summed: dict[str, _Counts] = {}
        for counted in (self._before, dict(self._now)):
            for task, counts in counted.items():
                summed.setdefault(task, _Counts()).add(counts)
        return tuple(_summarize(task, summed[task]) for task in sorted(summed))


def _summarize(task: str, counts: _Counts) -> TaskStatistics:
    started, wait_p50, wait_p95 = _quantiles(counts.waits)
    ended, run_p50, run_p95 = _quantiles(counts.runs)
    return TaskStatistics(
        task=task,
        started=started,
        ended=ended,
        wait_p50_seconds=wait_p50,
        wait_p95_seconds=wait_p95,
        run_p50_seconds=run_p50,
        run_p95_seconds=run_p95,
    )


def _quantiles(counts: array[int]) -> tuple[int, float, float]:
    """Return how many there are, and the bounds that 50 and 95 % of them are within."""
    ranks = list(accumulate(counts))
    total = ranks[-1]
    if not total:
        return 0, 0.0, 0.0
    indexes = (bisect_left(ranks, total * share) for share in (0.5, 0.95))
    p50, p95 = (_BOUNDS[min(index, len(_BOUNDS) - 1)] for index in indexes)
    return total, p50, p95
