"""Forgetting operations that no handle names, without waiting for a visit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .. import signals, windows
from ..conf import Config
from ..core.clock import Clock, monotonic_of
from .change import Change
from .ledger import Ledger
from .log import log
from .loop import LoopThread

_SLICE_SECONDS = 0.002  # what one slice may take of the loop

Follow = Callable[[Change], object]
"""Does what follows from a change of the ledger; called without a lock."""


def reconcile(ledger: Ledger, owner: str, follow: Follow) -> bool:
    """Make the owner's window and the ledger name the same operations; any thread.

    The cache holds handles, the pool operations: what one has forgotten, the other
    forgets.

    Returns:
        Whether a handle or an operation was forgotten.
    """
    with windows.lock:  # else a submission could come between the two looks
        named = {handle.id for handle in windows.read(owner, touch=False).handles}
        known = {operation.id: operation for operation in ledger.memory.of(owner)}
        unnamed = [known[id] for id in known if id not in named]
        change = ledger.forget(*unnamed) if unnamed else None
        is_cut = not named <= known.keys()
        if is_cut:
            windows.keep(owner, known.keys())
    if change is not None:
        follow(change)
    return is_cut or change is not None


@dataclass(slots=True)
class Sweep:
    """Looks at every owner twice in ``SWEEP_SECONDS``, in slices; on the loop."""

    loop: LoopThread
    config: Config
    clock: Clock
    ledger: Ledger
    follow: Follow
    _owners: list[str] = field(default_factory=list, init=False)
    """Those still to be looked at. Each is dropped at its turn: a hundred thousand
    texts freed at once, at the end, would block the loop."""

    def start(self) -> None:
        """Sweep when half of ``SWEEP_SECONDS`` has passed."""
        self.clock.call_later(self.config.sweep_seconds / 2, self._begin)

    def _begin(self) -> None:
        self._owners = self.ledger.memory.owners()
        self._sweep_unowned()
        self.loop.loop.call_soon(self._slice)

    def _slice(self) -> None:
        until = time.perf_counter() + _SLICE_SECONDS
        try:
            while self._owners:
                owner = self._owners.pop()
                if reconcile(self.ledger, owner, self.follow):
                    signals.send_changed(owner)
                if time.perf_counter() > until:
                    self.loop.loop.call_soon(self._slice)
                    return
        except Exception as error:  # the cache's; the next sweep asks it again
            log(logging.WARNING, "the sweep stopped: %s", type(error).__name__)
        self.start()

    def _sweep_unowned(self) -> None:
        config, now = self.config, monotonic_of(self.clock)()
        old = [
            operation
            for operation in self.ledger.memory.unowned()
            if now - (operation.finished_monotonic or now) >= config.idle_seconds
            or now - operation.submitted_monotonic >= config.max_age_seconds
        ]
        if old:
            self.follow(self.ledger.forget(*old))
