"""The pool's operations by state, as far as operators may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .core.status import Status
from .pool.operation import PoolOperation
from .pool.pool import Pool

_LOOKED_AT = 1000
"""So many of the newest finished operations are looked at for those of a filter."""

UNFINISHED = ("running", "waiting", "asking")
FINISHED = ("successful", "failed", "cancelled")
STATES = (*UNFINISHED, "finished", *FINISHED)
"""What a filter may name; "finished" are the last three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An operation without its content and its owner."""

    id: str
    task: str
    state: str
    """One of ``UNFINISHED`` or ``FINISHED``."""

    is_retrying: bool
    """True while it waits between two attempts."""

    is_cancelling: bool
    """True once it was cancelled, while its body has not ended."""

    attempt: int
    """From 1; 0 while it has not started."""

    max_attempts: int
    age_seconds: float
    """Since its submission; of one that has finished, since its end."""

    run_seconds: float
    """From its first start to its end or until now; 0 while it has not started."""

    @property
    def reference(self) -> str:
        """The name by which its owner and the log know it, too."""
        return self.id[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The operations in one state."""

    state: str
    """One of ``UNFINISHED``, or ``finished``."""

    count: int
    """All of them; of finished ones, those since the pool was started."""

    matching: int | None
    """Those that the filter leaves; None where not all of them were looked at."""

    lines: tuple[Line, ...]
    """The newest of those."""

    hidden: int
    """Those that the filter leaves out; of finished ones, of those looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which operations are listed."""

    task: str = ""
    """The name of a task; empty for all."""

    state: str = ""
    """One of ``STATES``; empty for all."""

    def has(self, operation: PoolOperation, state: str) -> bool:
        """Return whether an operation, which is in this state, is listed."""
        if self.task not in {"", operation.task.name}:
            return False
        groups = {"", state, "finished"} if state in FINISHED else {"", state}
        return self.state in groups


ByState = Mapping[str, list[PoolOperation]]


def sort_unfinished(pool: Pool) -> ByState:
    """Return the unfinished operations by their state, oldest submission first.

    Without a lock: one may have finished meanwhile, and is left out.
    """
    by_state: dict[str, list[PoolOperation]] = {name: [] for name in UNFINISHED}
    for operation in pool.ledger.unfinished():
        state = state_of(operation)
        if state in by_state:
            by_state[state].append(operation)
    return by_state


def list_unfinished(
    by_state: ByState, chosen: Filter, *, now: float, rows: int
) -> tuple[Listing, ...]:
    """Return the listing of each state, with at most so many lines each."""
    return tuple(
        _list(state, found, [one for one in found if chosen.has(one, state)], now, rows)
        for state, found in by_state.items()
    )


def _list(
    state: str,
    found: list[PoolOperation],
    left: list[PoolOperation],
    now: float,
    rows: int,
) -> Listing:
    return Listing(
        state=state,
        count=len(found),
        matching=len(left),
        lines=tuple(_line(one, now) for one in left[: -rows - 1 : -1]),
        hidden=len(found) - len(left),
    )


def list_finished(
    pool: Pool, chosen: Filter, *, count: int, now: float, rows: int
) -> Listing:
    """Return the finished operations that are still kept, the newest end first.

    Args:
        pool: Whose operations.
        chosen: Which of them.
        count: How many have finished since the pool was started.
        now: By the pool's monotonic clock.
        rows: At most so many are listed.
    """
    is_every = chosen.task == "" and chosen.state in {"", "finished"}
    # Nobody sees further than this, so that a rare task costs no walk through all.
    looked_at = pool.ledger.newest_finished(rows if is_every else _LOOKED_AT)
    left = [one for one in looked_at if chosen.has(one, state_of(one))]
    return Listing(
        state="finished",
        count=count,
        matching=None,
        lines=tuple(_line(one, now) for one in left[:rows]),
        hidden=len(looked_at) - len(left),
    )


def state_of(operation: PoolOperation) -> str:
    """Return the state of an operation; from any thread."""
    status = operation.status
    if status is Status.READY:
        return "waiting"
    if status is Status.RUNNING:
        return "running" if operation.question is None else "asking"
    return str(status).lower()


def _line(operation: PoolOperation, now: float) -> Line:
    status, finished = operation.status, operation.finished_monotonic
    since = operation.submitted_monotonic if finished is None else finished
    return Line(
        id=operation.id,
        task=operation.task.name,
        state=state_of(operation),
        is_retrying=status is Status.READY and operation.attempt > 0,
        is_cancelling=operation.is_cancelling and status is Status.RUNNING,
        attempt=operation.attempt,
        max_attempts=operation.task.max_attempts,
        age_seconds=max(0.0, now - since),
        run_seconds=operation.elapsed_seconds(now),
    )
