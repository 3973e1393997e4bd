"""What can be seen of an operation at one instant."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from .status import Status
from .values import Progress


def to_datetime(seconds: float) -> datetime:
    """Return the time that is so many seconds after the epoch, UTC."""
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A frozen picture of an operation at one instant."""

    id: str
    """The operation's id."""

    key: Hashable
    """Its key; None where the coordinator has none."""

    status: Status
    """The operation's state at this instant."""

    attempt: int
    """The newest attempt, from 1; 0 while none has started."""

    submitted_at: datetime
    """When it was submitted, UTC."""

    started_at: datetime | None
    """When its first attempt started; None while none has."""

    finished_at: datetime | None
    """When it finished; None while it has not."""

    progress: Progress | None
    """What its body reported last; None before the first report."""

    error: str | None
    """The class's name of the error that it failed with; never the error's text."""


class Facts(NamedTuple):
    """The values of a snapshot, cheap to make; times are seconds since the epoch."""

    id: str
    key: Hashable
    status: Status
    attempt: int
    submitted_time: float
    started_time: float | None
    finished_time: float | None
    progress: Progress | None
    error: str | None

    def snapshot(self) -> Snapshot:
        """Return the snapshot."""
        return Snapshot(
            id=self.id,
            key=self.key,
            status=self.status,
            attempt=self.attempt,
            submitted_at=to_datetime(self.submitted_time),
            started_at=None if (at := self.started_time) is None else to_datetime(at),
            finished_at=None if (at := self.finished_time) is None else to_datetime(at),
            progress=self.progress,
            error=self.error,
        )
