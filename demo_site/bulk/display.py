"""What a terminal shows of a run: a bar at its bottom, or lines."""

from __future__ import annotations

from typing import Protocol, TextIO

from tqdm import tqdm

from demo_site.bulk.outcomes import Ending, Outcome


class Display(Protocol):
    """Shows jobs that have ended."""

    def show(self, outcome: Outcome) -> None:
        """Show one that has."""

    def close(self) -> None:
        """Show no more."""


class Bar:
    """A bar on a terminal; only failures and what is to be known get lines."""

    def __init__(self, stream: TextIO, total: int) -> None:
        """Draw it, of so many jobs."""
        self._stream = stream
        self._bar = tqdm(
            total=total, file=stream, leave=False, dynamic_ncols=True, unit=" files"
        )

    def show(self, outcome: Outcome) -> None:
        """Draw the bar a step longer."""
        if outcome.detail or outcome.ending is Ending.DUE:
            self._bar.write(describe(outcome, self._stream), file=self._stream)
        name = printable(outcome.job.name, self._stream)
        self._bar.set_description_str(name, refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Leave no bar behind."""
        self._bar.close()


class Lines:
    """A line for each job, except those with nothing to do."""

    def __init__(self, out: TextIO | None, errors: TextIO) -> None:
        """Set where successes are written, if anywhere, and where failures are."""
        self._out = out
        self._errors = errors

    def show(self, outcome: Outcome) -> None:
        """Write its line."""
        has_failed = outcome.ending is Ending.FAILED
        stream = self._errors if has_failed else self._out
        if stream is not None and outcome.ending is not Ending.UNCHANGED:
            stream.write(f"{describe(outcome, stream)}\n")
            stream.flush()

    def close(self) -> None:
        """Do nothing: lines stay."""


def make_display(out: TextIO, errors: TextIO, *, total: int, verbosity: int) -> Display:
    """Return a bar for a terminal, else lines; without verbosity of failures only."""
    if not verbosity:
        return Lines(None, errors)
    return Bar(errors, total) if errors.isatty() else Lines(out, errors)


def describe(outcome: Outcome, stream: TextIO) -> str:
    """Return the line of a job."""
    if outcome.ending is Ending.FAILED:
        text = f"{outcome.job.name} ({outcome.job.target}): {outcome.detail}"
    else:
        detail = f" ({outcome.detail})" if outcome.detail else ""
        text = f"{outcome.job.name} -> {outcome.job.output}{detail}"
    return printable(text, stream)


def printable(text: str, stream: TextIO) -> str:
    """Return a text that a terminal can show and that cannot command it.

    Names of files may contain line ends, escape sequences and bytes of no encoding.
    """
    shown = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in text
    )
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return shown.encode(encoding, "backslashreplace").decode(encoding)
