"""The tracer of attempts, which a site may switch on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

Run = Callable[[Any], Coroutine[Any, Any, Any]]
"""Runs a call and returns its value."""


class Tracer(Protocol):
    """Links attempts to the code that submits them, and traces them."""

    def capture(self) -> object:
        """Return what an attempt is linked to; called by the submitter.

        It can be pickled.
        """

    def stand_in(self, origin: object) -> None:
        """Make ``capture`` return it in the running context, to its end.

        Called at the host of the machine's pool, for another process's submitter.
        """

    def wrap(self, run: Run) -> Run:
        """Return a function that runs a call and traces it; called on the loop."""


tracer: Tracer | None = None
"""None while nothing is traced. Written by ``use``, read by any thread."""


def use(chosen: Tracer | None) -> None:
    """Trace what is submitted from now on, by pools that are made from now on."""
    global tracer
    tracer = chosen


def capture() -> object:
    """Return what an attempt is linked to; None while nothing is traced."""
    return None if tracer is None else tracer.capture()


def stand_in(origin: object) -> None:
    """Make ``capture`` return what it returned in another process."""
    if tracer is not None and origin is not None:
        tracer.stand_in(origin)


def wrap(run: Run) -> Run:
    """Return the function itself while nothing is traced: then it costs nothing."""
    return run if tracer is None else tracer.wrap(run)
