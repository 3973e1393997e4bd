"""What follows from a change of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field

from .operation import PoolOperation
from .questions import Question


@dataclass(slots=True)
class Change:
    """What follows from a change, for a caller that holds no lock."""

    started: list[PoolOperation] = field(default_factory=list)
    """RUNNING by now: their bodies are to be run."""

    interrupted: list[PoolOperation] = field(default_factory=list)
    """Their bodies run and are to be cancelled."""

    finished: list[PoolOperation] = field(default_factory=list)
    """Finished by now: to be logged, their waiters to be woken."""

    forgotten: list[PoolOperation] = field(default_factory=list)
    """Forgotten before their end: readers of their outputs are to be woken."""

    questions: list[tuple[PoolOperation, Question]] = field(default_factory=list)
    """Ended by now: their bodies are to be woken."""

    evicted: set[str] = field(default_factory=set)
    """Owners of operations that were evicted: their windows name too many."""

    changed: set[str] = field(default_factory=set)
    """Owners whose rows changed without a call of theirs."""
