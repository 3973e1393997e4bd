"""The states of an operation."""

from enum import StrEnum


class Status(StrEnum):
    """Where an operation stands; the first four words are those of ``django.tasks``.

    Legal steps: READY → RUNNING → SUCCESSFUL, FAILED or CANCELLED; RUNNING → READY when
    an attempt failed and another is due; READY → CANCELLED or FAILED. A finished status
    never changes.
    """

    READY = "READY"
    RUNNING = "RUNNING"
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_finished(self) -> bool:
        """True for SUCCESSFUL, FAILED and CANCELLED."""
        return self in FINISHED


FINISHED = frozenset({Status.SUCCESSFUL, Status.FAILED, Status.CANCELLED})
