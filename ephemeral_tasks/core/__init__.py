"""Ephemeral execution for any asyncio program; knows no Django."""

from .clock import Clock, LoopClock
from .context import OperationContext, Progress, current_operation, progress
from .coordinator import Coordinator, Statistics
from .errors import (
    Closed,
    EphemeralTasksError,
    NotFinished,
    OperationCancelled,
    QueueFull,
    UnknownCoordinator,
    UnknownOperation,
)
from .history import Echo
from .keyed import KeyedCoordinator
from .operation import Operation, Snapshot
from .policy import Policy
from .status import Status
from .work import WorkCoordinator

__all__ = [
    "Clock",
    "Closed",
    "Coordinator",
    "Echo",
    "EphemeralTasksError",
    "KeyedCoordinator",
    "LoopClock",
    "NotFinished",
    "Operation",
    "OperationCancelled",
    "OperationContext",
    "Policy",
    "Progress",
    "QueueFull",
    "Snapshot",
    "Statistics",
    "Status",
    "UnknownCoordinator",
    "UnknownOperation",
    "WorkCoordinator",
    "current_operation",
    "progress",
]
