"""What the operators' page shows of the pool, and the verbs that it has.

Plain functions whose arguments and returns can be pickled. Nothing in them is content
or leads to an owner: no label, shown value, message, question, argument or result.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from . import pool as pools
from . import signals
from .conf import get_config
from .errors import UnknownOperation
from .listings import (
    UNFINISHED,
    ByState,
    Filter,
    Listing,
    list_finished,
    list_unfinished,
    sort_unfinished,
)
from .machine import host, process
from .machine.table import Kind
from .machine.verbs import verb
from .pool.change import Change
from .pool.counters import PoolStatistics
from .pool.pool import Pool
from .pool.samples import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    """The unfinished operations of one task."""

    task: str
    running: int
    waiting: int
    """Between two attempts, too."""

    asking: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that runs the pool, or uses it."""

    name: str
    """Random, another one for each host; empty for other processes."""

    pid: int
    started_at: datetime | None
    """When the host was started; None for other processes."""

    is_host: bool
    """Whether it runs the operations."""

    is_asked: bool
    """Whether it is the one that answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The pool as operators see it, at one instant."""

    at: datetime
    statistics: PoolStatistics | None
    """None until the pool is started, by the first submission."""

    is_closed: bool
    """True once nothing more is accepted, because the process ends."""

    samples: tuple[Sample, ...]
    """Of the last 15 minutes, one for each 5 s, oldest first."""

    tasks: tuple[TaskLine, ...]
    """Those with unfinished operations, by name."""

    listings: tuple[Listing, ...]
    """Running, waiting and asking operations, and finished ones that are still kept."""

    processes: tuple[Process, ...]
    lag_warning_seconds: float
    """``LAG_WARNING_SECONDS``."""


# -- looking ---------------------------------------------------------------------------


@verb(Kind.LOOK)
def overview(*, task: str = "", state: str = "", rows: int = 50) -> Overview:
    """Return what operators see; starts no pool.

    Args:
        task: The name of a task, for its operations only.
        state: One of ``listings.STATES``, for operations in it only.
        rows: At most so many operations of each state are listed.
    """
    pool = pools.current()
    chosen = Filter(task=task, state=state)
    by_state: ByState = {} if pool is None else sort_unfinished(pool)
    statistics = None if pool is None else pool.statistics()
    return Overview(
        at=datetime.now(UTC),
        statistics=statistics,
        is_closed=pool is not None and pool.ledger.is_closed,
        samples=() if pool is None else pool.samples.read(),
        tasks=_count_by_task(by_state),
        listings=_list(pool, statistics, by_state, chosen, rows),
        processes=list_processes(),
        lag_warning_seconds=get_config().lag_warning_seconds,
    )


def _list(
    pool: Pool | None,
    statistics: PoolStatistics | None,
    by_state: ByState,
    chosen: Filter,
    rows: int,
) -> tuple[Listing, ...]:
    if pool is None or statistics is None:
        return tuple(
            Listing(state=state, count=0, matching=0, lines=(), hidden=0)
            for state in (*UNFINISHED, "finished")
        )
    now = pool.monotonic()
    count = statistics.successful + statistics.failed + statistics.cancelled
    return (
        *list_unfinished(by_state, chosen, now=now, rows=rows),
        list_finished(pool, chosen, count=count, now=now, rows=rows),
    )


def _count_by_task(by_state: ByState) -> tuple[TaskLine, ...]:
    counts = {
        state: Counter(operation.task.name for operation in found)
        for state, found in by_state.items()
    }
    names = sorted({name for counted in counts.values() for name in counted})
    return tuple(
        TaskLine(task=name, **{state: counts[state][name] for state in UNFINISHED})
        for name in names
    )


def list_processes() -> tuple[Process, ...]:
    """Return the processes that run or use the pool: the host first."""
    name, started_time = pools.process_id()
    caller = host.caller()
    own = Process(
        name=name,
        pid=os.getpid(),
        started_at=datetime.fromtimestamp(started_time, UTC),
        is_host=True,
        is_asked=caller is None,
    )
    return own, *[
        Process(
            name="",
            pid=client.pid,
            started_at=None,
            is_host=False,
            is_asked=client is caller,
        )
        for client in process.peers()
    ]


# -- acting ----------------------------------------------------------------------------


@verb(Kind.CHANGE)
def cancel_operation(id: str) -> bool:
    """Cancel an operation of any owner, also one that its owner may not cancel.

    Returns:
        False when it had finished otherwise.

    Raises:
        UnknownOperation: The pool does not know it.
    """
    pool = pools.current()
    if pool is None:
        raise UnknownOperation(id)
    operation = pool.ledger.find(id) or pool.ledger.memory.get(id)
    if operation is None:
        raise UnknownOperation(id)
    is_cancelled, change = pool.ledger.cancel(operation)
    _follow(pool, change)
    return is_cancelled


@verb(Kind.CHANGE)
def cancel_task(name: str) -> int:
    """Cancel all unfinished operations of a task; return how many there were."""
    pool = pools.current()
    if pool is None:
        return 0
    count, change = pool.ledger.cancel_task(name)
    _follow(pool, change)
    return count


def _follow(pool: Pool, change: Change) -> None:
    """Do what follows, and announce the rows of bodies that are still to end."""
    owners = {one.owner for one in change.interrupted if one.owner is not None}
    pool.follow(change)
    for owner in owners:
        signals.send_changed(owner)
