"""How a file's translation into a language ends."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from demo_site.bulk.plan import Job


class Ending(Enum):
    """How a job ended."""

    TRANSLATED = "translated"
    DUE = "to translate"
    """What a dry run says instead."""
    UNCHANGED = "unchanged"
    FAILED = "failed"


class Outcome(NamedTuple):
    """A job that has ended."""

    job: Job
    ending: Ending
    detail: str = ""
    """Why it failed, or what its reader should know."""
