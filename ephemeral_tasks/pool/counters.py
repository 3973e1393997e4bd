"""The pool's counters."""

from __future__ import annotations

from dataclasses import dataclass

from .task_times import TaskStatistics


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStatistics:
    """The pool at one instant; counts are since it started."""

    running: int
    """Operations that hold a slot: their body runs now."""

    asking: int
    """Operations whose body waits for its owner's answer, without a slot."""

    waiting: int
    """Operations that wait for their first start, deferred ones included."""

    retrying: int
    """Operations between two attempts."""

    max_running: int
    """How many may run at once."""

    max_waiting: int
    """How many may wait."""

    max_owners: int
    """How many owners may have operations."""

    max_kept_bytes: int
    """How many bytes may be kept."""

    accepted: int
    """Operations that were taken."""

    refused: int
    """Submissions that were refused with QueueFull or ClientFull."""

    refused_by_reason: dict[str, int]
    """The same by the setting whose bound was reached: ``MAX_WAITING``,
    ``MAX_WAITING_PER_CLIENT``, ``MAX_KEPT_BYTES``, ``MAX_OWNERS``; without zeros."""

    successful: int
    """Operations that ended well."""

    failed: int
    """Operations that ended with an error."""

    cancelled: int
    """Operations that were cancelled."""

    oldest_wait_seconds: float
    """How long the oldest waiting operation has waited; 0 when none waits."""

    loop_lag_seconds: float
    """How late the loop's newest beat was, or is."""

    stuck: int
    """Bodies that still run 5 s after they were cancelled or timed out."""

    owners: int
    """Owners with at least one operation."""

    sockets: int
    """Open sockets, with ``POOL = "machine"`` those of the other processes, too."""

    host_pid: int
    """The id of the process that runs the operations."""

    clients: int
    """How many other processes use this pool; 0 with ``POOL = "process"``."""

    kept_bytes: int
    """Arguments, outputs and results in memory, estimated."""

    is_paused: bool
    """True while nothing starts."""

    uptime_seconds: float
    """How long ago the pool was started."""

    tasks: tuple[TaskStatistics, ...]
    """Waits and run times of each task that was active in the last 15 minutes."""
