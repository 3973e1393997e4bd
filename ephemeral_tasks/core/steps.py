"""Reporting the steps of operations and coordinators to whatever listens."""

from __future__ import annotations

from collections.abc import Callable

from .log import log_error
from .signals import SignalHub
from .snapshot import Facts, Snapshot
from .status import FINISHED, Status


class Steps:
    """Calls ``on_change`` and emits signals; what raises there harms nothing."""

    def __init__(
        self,
        on_change: Callable[[Snapshot], object] | None,
        hub: SignalHub | None,
    ) -> None:
        self._on_change = on_change
        self._hub = hub

    def report(self, facts: Facts) -> None:
        """Report a step of an operation, as it is after it."""
        if self._on_change is not None:
            try:
                self._on_change(facts.snapshot())
            except BaseException:  # SystemExit, too: the operation goes on
                log_error("on_change failed: id=%s", facts.id, exc_info=True)
        if self._hub is not None:
            self._emit_step(facts)

    def _emit_step(self, facts: Facts) -> None:
        if facts.status is Status.RUNNING:
            self._emit("operation.started", facts)
        elif facts.status in FINISHED:
            if facts.status is Status.FAILED:
                self._emit("operation.failed", facts)
            self._emit("operation.finished", facts)
        elif facts.attempt:
            self._emit("operation.retrying", facts)

    def _emit(self, name: str, facts: Facts | None = None) -> None:
        if self._hub is None:
            return
        try:
            if facts is None:
                self._hub.emit(name)
            else:
                id, key, status = facts[:3]
                self._hub.emit(name, key, operation_id=id, status=status)
        except Exception:  # SignalLoop: the step was made all the same
            log_error("signal was not emitted: signal=%s", name, exc_info=True)

    def announce(self, name: str) -> None:
        """Emit a signal of the coordinator's own life."""
        self._emit(name)
