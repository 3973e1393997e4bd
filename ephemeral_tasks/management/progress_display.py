"""An operation's progress in a terminal, or as lines."""

from __future__ import annotations

import time
from typing import Any, TextIO

from ..row import Row

LINE_SECONDS = 1.0
"""Between two lines of a progress that changes all the time."""


class Bar:
    """A bar at the bottom of a terminal, by tqdm."""

    def __init__(self, stream: TextIO, make: Any) -> None:
        self._bar = make(
            file=stream, leave=False, dynamic_ncols=True, bar_format="{desc}"
        )

    def show(self, row: Row) -> None:
        """Draw the bar as the row says."""
        bar, progress = self._bar, row.progress
        bar.total = None if progress is None else progress.total
        bar.n = 0 if progress is None else progress.done
        has_bar = _has_percent(row)
        bar.bar_format = "{percentage:3.0f} %|{bar}| {desc}" if has_bar else "{desc}"
        bar.set_description_str(f"{row.label}: {_describe(row)}")

    def close(self) -> None:
        """Leave no bar behind."""
        self._bar.close()


class Lines:
    """A line for each change, at most one in a second, and one for the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = ""
        self._next_monotonic = 0.0

    def show(self, row: Row) -> None:
        """Write a line if there is something new, and the last one is old enough."""
        percent = f"{row.percent} % " if _has_percent(row) else ""
        line = f"{row.label}: {percent}{_describe(row)}"
        now = time.monotonic()
        is_due = row.is_finished or now >= self._next_monotonic
        if line != self._last and is_due:
            self._stream.write(f"{line}\n")
            self._stream.flush()
            self._last, self._next_monotonic = line, now + LINE_SECONDS

    def close(self) -> None:
        """Do nothing: lines stay."""


def make_display(stream: TextIO) -> Bar | Lines:
    """Return a bar for a terminal where tqdm is installed, else lines."""
    if stream.isatty():
        try:
            from tqdm import tqdm
        except ImportError:
            return Lines(stream)
        return Bar(stream, tqdm)
    return Lines(stream)


def _has_percent(row: Row) -> bool:
    """Return whether a share is known, and the operation has not ended before it."""
    return row.status == "RUNNING" and row.percent is not None


def _describe(row: Row) -> str:
    return (row.progress_text if row.status == "RUNNING" else "") or row.status_text
