"""How large messages of a socket's client may be, and how many may come."""

from __future__ import annotations

from collections import deque

from ..core.clock import Clock

MAX_MESSAGE_BYTES = 4096
MAX_MESSAGES_A_SECOND = 50


class MessageRate:
    """Counts the messages of one socket; on its loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=MAX_MESSAGES_A_SECOND)

    def is_exceeded(self) -> bool:
        """Count a message; return whether there were too many in the last second."""
        now = self._clock.time()
        times = self._times
        is_exceeded = len(times) == times.maxlen and now - times[0] < 1.0
        times.append(now)
        return is_exceeded


def is_too_large(text: str | None, data: bytes | None) -> bool:
    """Return whether a message has more than ``MAX_MESSAGE_BYTES``."""
    if text is None:
        return len(data or b"") > MAX_MESSAGE_BYTES
    # A long text is not encoded only to be measured.
    return len(text) > MAX_MESSAGE_BYTES or len(text.encode()) > MAX_MESSAGE_BYTES
