"""The tracer of attempts, which a site may switch on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

Run = Callable[[Any], Coroutine[Any, Any, Any]]
"""Runs a call and returns its value."""


class Tracer(Protocol):
    """Links attempts to the code that submits them, and traces them."""

    def capture(self) -> object:
        """Return what an attempt is linked to; called by the submitter."""

    def wrap(self, run: Run) -> Run:
        """Return a function that runs a call and traces it; called on the loop."""


tracer: Tracer | None = None
"""None while nothing is traced. Written by ``use``, read by any thread."""


def use(chosen: Tracer | None) -> None:
    """Trace what is submitted from now on, by pools that are made from now on."""
    global tracer
    tracer = chosen


def wrap(run: Run) -> Run:
    """Return the function itself while nothing is traced: then it costs nothing."""
    return run if tracer is None else tracer.wrap(run)
