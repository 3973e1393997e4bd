"""The counters of a coordinator."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The counters of a coordinator at one instant.

    ``accepted == waiting + retrying + running + successful + failed + cancelled``.
    """

    running: int
    """Bodies that run now."""

    waiting: int
    """Operations that wait for their first start."""

    retrying: int
    """Operations between two attempts."""

    limit: int
    """How many may run at once."""

    capacity: int
    """How many may wait."""

    accepted: int
    """Operations taken so far."""

    refused: int
    """Operations refused with QueueFull so far."""

    successful: int
    """Operations that ended well."""

    failed: int
    """Operations that ended with an error."""

    cancelled: int
    """Operations that were cancelled."""

    is_paused: bool
    """True while nothing starts."""
