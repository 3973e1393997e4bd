"""The time that an operation still takes, as pages show it: round, and calm."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext, ngettext

_FEW = 5


class TimeLeft(NamedTuple):
    """What was shown of one attempt."""

    seconds: int
    """Rounded."""
    highest: int
    """The value from which it has fallen to ``seconds``."""
    attempt: int
    """The first attempt is 1, also before it has started."""


def settle(before: TimeLeft | None, seconds: float, attempt: int) -> TimeLeft:
    """Return what to show now: an estimate that rises a little is not followed.

    Args:
        before: What was shown last; None for nothing.
        seconds: The estimate.
        attempt: The operation's newest attempt, 0 before its first one.
    """
    attempt = max(1, attempt)
    rounded = round_seconds(seconds)
    if before is None or before.attempt != attempt:
        return TimeLeft(rounded, rounded, attempt)
    if rounded <= before.seconds:
        return before._replace(seconds=rounded)
    if rounded - before.seconds < before.highest - before.seconds:
        return before
    return TimeLeft(rounded, rounded, attempt)


def round_seconds(seconds: float) -> int:
    """Return a duration rounded as people would say it."""
    if seconds < 10:
        return _FEW
    if seconds < 55:
        return _round(seconds, 10)
    if seconds < 55 * 60:
        return _round(seconds, 60)
    if seconds < 105 * 60:
        return _round(seconds, 600)
    return _round(seconds, 3600)


def _round(seconds: float, unit: int) -> int:
    return max(1, round(seconds / unit)) * unit


def in_words(seconds: int) -> str:
    """Return a rounded duration as a phrase of the active language."""
    if seconds <= _FEW:
        return gettext("a few seconds left")
    if seconds < 60:
        return ngettext(
            "about %(count)d second left", "about %(count)d seconds left", seconds
        ) % {"count": seconds}
    if seconds < 7200:
        return ngettext(
            "about %(count)d minute left", "about %(count)d minutes left", seconds // 60
        ) % {"count": seconds // 60}
    return ngettext(
        "about %(count)d hour left", "about %(count)d hours left", seconds // 3600
    ) % {"count": seconds // 3600}
