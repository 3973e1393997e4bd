"""What the instruments show of ``pool.statistics()``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from ..pool.counters import PoolStatistics

Point = tuple[float, dict[str, str]]
"""A number, and the attributes that tell it apart."""

Read = Callable[[PoolStatistics], Iterator[Point]]

OPERATIONS, OWNERS, SOCKETS = "{operation}", "{owner}", "{socket}"


@dataclass(frozen=True, slots=True)
class Figure:
    """An instrument, and how its points are read."""

    name: str
    """Below ``ephemeral_tasks.``."""

    kind: Literal["counter", "up_down_counter", "gauge"]
    """A counter only grows; the values of an up-down counter may be added."""

    unit: str
    """By UCUM; in braces what is counted."""

    description: str
    """A line for people."""

    read: Read
    """Returns the points of an instant."""


def _one(field: str) -> Read:
    """Return a function that reads one field."""

    def read(statistics: PoolStatistics) -> Iterator[Point]:
        yield _number(statistics, field), {}

    return read


def _by(attribute: str, **fields: str) -> Read:
    """Return a function that reads several fields.

    Args:
        attribute: Tells them apart.
        fields: Their names, by the attribute's value.
    """

    def read(statistics: PoolStatistics) -> Iterator[Point]:
        for value, field in fields.items():
            yield _number(statistics, field), {attribute: value}

    return read


def _quantiles(field: str) -> Read:
    """Return a function that reads the two quantiles of each task's times."""

    def read(statistics: PoolStatistics) -> Iterator[Point]:
        for one in statistics.tasks:
            for quantile, share in (("p50", "0.5"), ("p95", "0.95")):
                seconds: float = getattr(one, f"{field}_{quantile}_seconds")
                yield seconds, {"task": one.task, "quantile": share}

    return read


def _refused(statistics: PoolStatistics) -> Iterator[Point]:
    for reason, count in statistics.refused_by_reason.items():
        yield count, {"reason": reason}


def _number(statistics: PoolStatistics, field: str) -> float:
    number: float = getattr(statistics, field)
    return int(number) if isinstance(number, bool) else number


FIGURES = (
    Figure(
        "operation.count",
        "up_down_counter",
        OPERATIONS,
        "Unfinished operations.",
        _by(
            "state",
            running="running",
            asking="asking",
            waiting="waiting",
            retrying="retrying",
        ),
    ),
    Figure(
        "operation.limit",
        "up_down_counter",
        OPERATIONS,
        "How many operations may be in the state at once.",
        _by("state", running="max_running", waiting="max_waiting"),
    ),
    Figure(
        "operation.accepted",
        "counter",
        OPERATIONS,
        "Operations that were taken.",
        _one("accepted"),
    ),
    Figure(
        "operation.refused",
        "counter",
        OPERATIONS,
        "Submissions that were refused, by the setting whose bound was reached.",
        _refused,
    ),
    Figure(
        "operation.finished",
        "counter",
        OPERATIONS,
        "Operations that have ended.",
        _by("status", SUCCESSFUL="successful", FAILED="failed", CANCELLED="cancelled"),
    ),
    Figure(
        "operation.oldest_wait",
        "gauge",
        "s",
        "How long the oldest waiting operation has waited.",
        _one("oldest_wait_seconds"),
    ),
    Figure(
        "operation.stuck",
        "up_down_counter",
        OPERATIONS,
        "Bodies that still run 5 s after they were asked to end.",
        _one("stuck"),
    ),
    Figure(
        "task.wait",
        "gauge",
        "s",
        "Within which time a share of a task's operations was started, in 15 min.",
        _quantiles("wait"),
    ),
    Figure(
        "task.run",
        "gauge",
        "s",
        "Within which time a share of a task's operations ran, in 15 min.",
        _quantiles("run"),
    ),
    Figure(
        "loop.lag",
        "gauge",
        "s",
        "How late the pool's event loop is.",
        _one("loop_lag_seconds"),
    ),
    Figure(
        "owner.count",
        "up_down_counter",
        OWNERS,
        "Owners with at least one operation.",
        _one("owners"),
    ),
    Figure(
        "owner.limit",
        "up_down_counter",
        OWNERS,
        "How many owners may have operations.",
        _one("max_owners"),
    ),
    Figure(
        "socket.count",
        "up_down_counter",
        SOCKETS,
        "Open sockets.",
        _one("sockets"),
    ),
    Figure(
        "memory.kept",
        "up_down_counter",
        "By",
        "Arguments, outputs and results in memory, estimated.",
        _one("kept_bytes"),
    ),
    Figure(
        "memory.limit",
        "up_down_counter",
        "By",
        "How many bytes may be kept.",
        _one("max_kept_bytes"),
    ),
    Figure(
        "pool.paused",
        "gauge",
        "1",
        "1 while nothing starts, else 0.",
        _one("is_paused"),
    ),
    Figure(
        "pool.uptime",
        "gauge",
        "s",
        "How long ago the pool was started.",
        _one("uptime_seconds"),
    ),
)
