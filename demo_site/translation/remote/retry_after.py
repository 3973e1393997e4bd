"""When a busy server may be asked again: RFC 9110, section 10.2.3."""

import time
from datetime import UTC
from email.utils import parsedate_to_datetime

WITHOUT_HEADER_SECONDS = 2.0
_MIN_SECONDS = 1.0  # also for a date that has passed: the two clocks may differ
_MAX_SECONDS = 3600.0


def seconds_until_retry(header: str | None, now: float | None = None) -> float:
    """Return the seconds for which the server should be left alone.

    Args:
        header: The ``Retry-After`` header: seconds or a date; anything else counts as
            none.
        now: Seconds since the epoch, by default the system's.
    """
    seconds = _parse(header or "", time.time() if now is None else now)
    if seconds is None:
        return WITHOUT_HEADER_SECONDS
    return min(max(seconds, _MIN_SECONDS), _MAX_SECONDS)


def _parse(header: str, now: float) -> float | None:
    header = header.strip()
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        date = parsedate_to_datetime(header)
    except (TypeError, ValueError, OverflowError):  # a year or zone of many digits
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
