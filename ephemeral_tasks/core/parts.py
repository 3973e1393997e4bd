"""Parts of a body's work, each with its share of one bar."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import Protocol

from .values import Progress, Share

PERCENT = 100


class Reporting(Protocol):
    """What the parts need of an operation."""

    progress: Progress | None

    def announce(self) -> None:
        """Say that the progress has changed."""


class Part:
    """A share of another part, or the whole; written under the lock of the whole."""

    __slots__ = ("_outer", "_share", "_taken", "done", "text", "whole")

    def __init__(self, whole: Whole, outer: Part | None, share: float, text: str):
        self.whole = whole
        self._outer = outer
        self._share = share
        self._taken = 0.0
        """How much of it inner parts have taken, from 0 to 1."""
        self.done = 0.0
        """How much of it is done, from 0 to 1; never falls."""
        self.text = text
        """Shown where a report has no words of its own."""

    def take(self, share: float, text: str) -> Part:
        """Return a part of this one; of its rest, where the share is beyond that."""
        start = max(self._taken, self.done)
        share = min(share, 1.0 - start)
        self._taken = start + share
        return Part(self.whole, self, share, text or self.text)

    def reach(self, done: float) -> None:
        """Move this part's end, and by its share that of the parts around it."""
        gained = min(done, 1.0) - self.done
        part: Part | None = self
        while part is not None and gained > 0:  # a loop: each report comes here
            part.done += gained
            gained *= part._share
            part = part._outer


# Tasks and threads that a body starts with a copy of its context see the part in which
# they were started.
_current: ContextVar[Part | None] = ContextVar(
    "ephemeral_tasks_current_part", default=None
)


class Whole:
    """All parts of one attempt.

    Several tasks and threads may be in parts at the same time: what each has done
    counts by its share. Refers to no operation: a task that the body left behind
    may refer to a part.
    """

    __slots__ = ("_lock", "_root")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._root = Part(self, None, 1.0, "")

    def enter(self, share: float, text: str) -> tuple[Part, Part | None]:
        """Make a part of the caller's part the caller's, and return it.

        Returns:
            The part, and what ``leave`` needs.
        """
        before = _current.get()
        with self._lock:  # two tasks may not take the same rest
            part = self._find_current().take(share, text)
        _current.set(part)
        return part, before

    def leave(self, part: Part, before: Part | None) -> None:
        """Make the part from before the caller's again."""
        part.text = ""  # a task that was left behind keeps no words alive
        # No token: a generator may go on in another copy of its context.
        _current.set(before)

    def report(self, operation: Reporting, report: Progress) -> None:
        """Show a report from the caller's part in the bar of the whole."""
        with self._lock:  # or a thread that was overtaken would move the bar back
            part = self._find_current()
            if report.total:
                part.reach(report.done / report.total)
            done = int(100 * PERCENT * self._root.done + 0.5) / 100  # two places
            shown = (done, PERCENT, report.message or part.text)
            operation.progress = Share._make(shown)
        operation.announce()

    def _find_current(self) -> Part:
        part = _current.get()
        # A body started from within another one's part sees that one's.
        return part if part is not None and part.whole is self else self._root
