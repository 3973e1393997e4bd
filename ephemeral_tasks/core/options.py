"""The keywords that coordinators take."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Required, TypedDict

from .clock import Clock
from .policy import Backoff
from .signals import SignalHub
from .snapshot import Snapshot


class Options(TypedDict, total=False):
    """The keywords that every coordinator takes; see ``Coordinator.__init__``."""

    limit: Required[int]
    capacity: int
    history: int
    max_age: float | None
    echoes: int
    timeout: float | None
    max_attempts: int
    backoff: Backoff | None
    retry_on: tuple[type[BaseException], ...]
    on_change: Callable[[Snapshot], object] | None
    clock: Clock | None
    max_retrying: int | None
    rate: float | None
    burst: int
    cost: Callable[[Any], float] | None
    start_within: float | None
    hub: SignalHub | None
    cancel_on: str | Iterable[str]
    defer_on: str | Iterable[str]
    resume_on: str | Iterable[str]


class KeyedOptions(Options, total=False):
    """Those of a ``KeyedCoordinator``."""

    key: Required[Callable[[Any], Hashable]]
    limit_per_key: int
    priority: Callable[[Any], int] | None
    urgent_first: bool


class LaneOptions(Options, total=False):
    """Those of a ``PriorityCoordinator``."""

    lanes: Required[Mapping[str, int | None]]
    lane: Callable[[Any], str] | None
    share: Mapping[str, float] | None
