"""How a parallel loop ended."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One item whose body failed."""

    index: int
    """The item's place in the source, from 0."""

    error: BaseException
    """What the body raised at its last attempt."""

    item: Any = None
    """What the body was called with, where the loop has ``keep_items``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How the bodies of a loop ended."""

    successful: int
    """Bodies that ended well."""

    failed: int
    """Bodies that ended with an error."""

    cancelled: int
    """Bodies that ended with a cancellation, of their own making or by the stop."""

    failures: tuple[Failure, ...]
    """The newest failures, at most ``history``, in the order in which they ended."""

    is_stopped: bool = False
    """True when ``stop_after`` failures ended the loop."""
