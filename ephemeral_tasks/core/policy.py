"""How often and how long an operation is tried."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from .validation import check_at_least, check_seconds

Backoff = Callable[[int, BaseException], float]

_LONGEST_DELAY_SECONDS = 60.0


def full_jitter(attempt: int, error: BaseException) -> float:
    """Return a random delay in seconds, in a range that doubles with each attempt.

    Uniform between 0 and 2, 4, 8 … 60 seconds, so that the first delay has a median of
    1 s. Source: "Exponential Backoff And Jitter", AWS Architecture Blog, "full jitter".
    """
    return random.uniform(0.0, min(2.0**attempt, _LONGEST_DELAY_SECONDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The limits of each operation of a coordinator, or of one task."""

    timeout: float | None = None
    """Seconds that one attempt may take; None for no limit."""

    max_attempts: int = 1
    """How often the body is called at most; at least 1."""

    backoff: Backoff = full_jitter
    """``(attempt that failed, from 1; its error) -> seconds`` until the next one."""

    retry_on: tuple[type[BaseException], ...] = (Exception,)
    """The errors after which another attempt is made; a time-out is a TimeoutError."""

    def __post_init__(self) -> None:
        check_seconds("timeout", self.timeout)
        check_at_least("max_attempts", self.max_attempts, 1)
        if not callable(self.backoff):
            raise TypeError(f"backoff must be callable, got {self.backoff!r}")
        if not isinstance(self.retry_on, tuple) or not all(
            isinstance(kind, type) and issubclass(kind, BaseException)
            for kind in self.retry_on
        ):
            raise TypeError(
                f"retry_on must be a tuple of exception classes, got {self.retry_on!r}"
            )

    def delay_after(self, attempt: int, error: BaseException) -> float | None:
        """Return the seconds until the next attempt; None when none follows.

        Raises:
            Exception: What ``backoff`` raised, or ValueError for no finite number.
        """
        if attempt >= self.max_attempts or not isinstance(error, self.retry_on):
            return None
        delay = float(self.backoff(attempt, error))
        if not math.isfinite(delay):
            raise ValueError(f"backoff must return a finite number, got {delay}")
        return max(0.0, delay)


DEFAULT_POLICY = Policy()
