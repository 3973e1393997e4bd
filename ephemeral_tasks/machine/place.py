"""Where the pool is, as far as a process knows."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal

from ..errors import Unreachable
from .link import Link
from .look import Look


class _Nobody(Enum):
    NOBODY = "nobody hosts"


class _Unknown(Enum):
    UNKNOWN = "not looked for"


NOBODY: Final = _Nobody.NOBODY
"""No process hosts, and none was made to."""
UNKNOWN: Final = _Unknown.UNKNOWN
"""This process has not looked, or its host has gone."""

Place = Link | None | Literal[_Nobody.NOBODY]
"""The link to the host; None in the host's own process."""

Known = Link | None | Literal[_Unknown.UNKNOWN]
"""What a process knows without looking."""


def is_enough(
    outcome: Place | Exception, look: Look[Place], create: bool, until: float
) -> bool:
    """Return whether a look answers a caller; another one may have asked for less.

    For a look only, or with less time: the host may have come back since it began.
    """
    if outcome is NOBODY:
        return not create
    return look.until >= until or not isinstance(outcome, Unreachable)
