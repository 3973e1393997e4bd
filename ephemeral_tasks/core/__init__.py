"""Ephemeral execution for any asyncio program; knows no Django."""

from .clock import Clock, LoopClock, TimerHandle
from .context import OperationContext, current_operation, write
from .coordinator import Coordinator
from .errors import (
    BreakerOpen,
    Closed,
    EphemeralTasksError,
    NotFinished,
    OperationCancelled,
    QueueFull,
    SignalLoop,
    UnknownCoordinator,
    UnknownOperation,
)
from .for_each import for_each
from .history import Echo
from .keyed import KeyedCoordinator
from .map_each import map_each
from .operation import Operation
from .output import Output
from .policy import Policy
from .priority import PriorityCoordinator
from .registry import Registry
from .reporter import progress
from .signal import Signal
from .signals import SignalHub
from .snapshot import Snapshot
from .statistics import Statistics
from .status import Status
from .summary import Failure, Summary
from .values import Progress
from .work import WorkCoordinator

__all__ = [
    "BreakerOpen",
    "Clock",
    "Closed",
    "Coordinator",
    "Echo",
    "EphemeralTasksError",
    "Failure",
    "KeyedCoordinator",
    "LoopClock",
    "NotFinished",
    "Operation",
    "OperationCancelled",
    "OperationContext",
    "Output",
    "Policy",
    "PriorityCoordinator",
    "Progress",
    "QueueFull",
    "Registry",
    "Signal",
    "SignalHub",
    "SignalLoop",
    "Snapshot",
    "Statistics",
    "Status",
    "Summary",
    "TimerHandle",
    "UnknownCoordinator",
    "UnknownOperation",
    "WorkCoordinator",
    "current_operation",
    "for_each",
    "map_each",
    "progress",
    "write",
]
