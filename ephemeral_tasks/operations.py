"""An operation as the pool knows it."""

from __future__ import annotations

from typing import Any

from .bodies import Call
from .core.operation import Operation
from .tasks import Task


class PoolOperation(Operation[Call, Any]):
    """An operation of the pool: also whose it is and how much it keeps in memory."""

    __slots__ = (
        "definition",
        "failure",
        "form_key",
        "is_announced",
        "is_forgotten",
        "kept_bytes",
        "owner",
    )

    def __init__(
        self,
        call: Call,
        *,
        owner: str | None,
        submitted_time: float,
        form_key: tuple[str, bytes] | None = None,
    ) -> None:
        task = call.task
        super().__init__(
            call,
            submitted_time=submitted_time,
            key=task.priority if owner is None else owner,
            priority=task.priority,
            policy=task.policy,
        )
        self.definition: Task = task
        self.owner = owner
        self.form_key = form_key
        """The one-time key of the form that started it, and a digest of the input."""
        self.failure: object = None
        """A sentence for the owner, perhaps lazy; written before the status FAILED."""
        self.kept_bytes = call.size()
        """Estimated at submission and again at the end; under the kept's lock."""
        self.is_announced = False
        """True from a report of progress until somebody looks; any thread."""
        self.is_forgotten = False
        """True once no handle names it; under the kept's lock."""
