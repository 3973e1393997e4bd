"""One fact that was emitted."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

from .status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A named fact; it says what happened, never what is to be done."""

    name: str
    """Words with dots between, such as ``operation.finished``."""

    key: Hashable
    """What it is about; of an operation's signals the operation's key."""

    operation_id: str | None
    """The operation that it is about, or whose body emitted it."""

    status: Status | None
    """The operation's status, in signals of its life."""

    emitted_at: datetime
    """When it was emitted, UTC."""

    path: tuple[str, ...]
    """The names of the signals it follows from, the first one first: each was emitted
    by a listener of the one before."""
