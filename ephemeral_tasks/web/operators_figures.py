"""The numbers of the operators' page in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat
from django.utils.formats import localize
from django.utils.translation import gettext, pgettext

from ..operators import Overview, TaskLine
from ..pool.counters import PoolStatistics
from ..pool.task_times import TaskStatistics
from .durations import format_short


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number with its name."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFigures:
    """The numbers of one task."""

    task: str
    """Empty for all tasks that are not told apart."""

    running: int
    waiting: int
    asking: int
    started: int
    """In the last 15 minutes, as the three that follow."""

    ended: int
    waits: str
    """Within which time half of them started, and 95 % of them; empty for none."""

    runs: str
    """Within which time half of them ended, and 95 %."""

    @property
    def unfinished(self) -> int:
        """How many have not finished."""
        return self.running + self.waiting + self.asking


def list_figures(now: PoolStatistics) -> list[Figure]:
    """Return the pool's numbers."""
    waiting = _of(now.waiting, now.max_waiting)
    kept = {
        "done": filesizeformat(now.kept_bytes),
        "total": filesizeformat(now.max_kept_bytes),
    }
    pairs = (
        (pgettext("operation", "Running"), _of(now.running, now.max_running)),
        (pgettext("operation", "Waiting"), waiting),
        (gettext("Between two attempts"), localize(now.retrying)),
        (pgettext("operation", "Asking"), localize(now.asking)),
        (gettext("Oldest wait"), _format_span(now.oldest_wait_seconds)),
        (gettext("Lag of the event loop"), _format_milliseconds(now.loop_lag_seconds)),
        (gettext("Bodies that do not end"), localize(now.stuck)),
        (pgettext("operation", "Owners"), _of(now.owners, now.max_owners)),
        (gettext("Open sockets"), localize(now.sockets)),
        (gettext("Kept in memory"), gettext("%(done)s of %(total)s") % kept),
        (pgettext("operation", "Accepted"), localize(now.accepted)),
        (pgettext("operation", "Refused"), localize(now.refused)),
        (pgettext("operation", "Done"), localize(now.successful)),
        (pgettext("operation", "Failed"), localize(now.failed)),
        (pgettext("operation", "Cancelled"), localize(now.cancelled)),
        (pgettext("operation", "Uptime"), _format_span(now.uptime_seconds)),
    )
    return [Figure(name=name, value=str(value)) for name, value in pairs]


def _of(count: int, bound: int) -> str:
    values = {"done": localize(count), "total": localize(bound)}
    return gettext("%(done)s of %(total)s") % values


def _format_span(seconds: float) -> str:
    return format_short(seconds) if seconds else pgettext("operation", "none")


def _format_milliseconds(seconds: float) -> str:
    milliseconds = localize(round(seconds * 1000))
    return gettext("%(milliseconds)s ms") % {"milliseconds": milliseconds}


def list_tasks(overview: Overview) -> list[TaskFigures]:
    """Return the numbers of each task that is or was active, by name."""
    unfinished = {line.task: line for line in overview.tasks}
    statistics = overview.statistics
    times = {} if statistics is None else {one.task: one for one in statistics.tasks}
    return [
        _describe(name, unfinished.get(name), times.get(name))
        for name in sorted(unfinished.keys() | times.keys())
    ]


def _describe(
    name: str, line: TaskLine | None, times: TaskStatistics | None
) -> TaskFigures:
    waits = runs = ""
    if times is not None and times.started:
        waits = _join(times.wait_p50_seconds, times.wait_p95_seconds)
    if times is not None and times.ended:
        runs = _join(times.run_p50_seconds, times.run_p95_seconds)
    return TaskFigures(
        task=name,
        running=0 if line is None else line.running,
        waiting=0 if line is None else line.waiting,
        asking=0 if line is None else line.asking,
        started=0 if times is None else times.started,
        ended=0 if times is None else times.ended,
        waits=waits,
        runs=runs,
    )


def _join(p50: float, p95: float) -> str:
    """Return two times, those below a second to the millisecond."""
    first, second = (
        format_short(seconds) if seconds >= 1 else _format_milliseconds(seconds)
        for seconds in (p50, p95)
    )
    return f"{first} · {second}"
