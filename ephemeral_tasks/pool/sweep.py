"""Forgetting what no handle names, without waiting for anybody's visit."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from .. import signals, windows
from ..windows import Handle

if TYPE_CHECKING:
    from .pool import Pool

logger = logging.getLogger("ephemeral_tasks")

_SLICE_SECONDS = 0.002  # what one slice may take of the loop


def reconcile(pool: Pool, owner: str) -> bool:
    """Make the owner's window and the pool name the same operations; any thread.

    The cache holds names, the pool holds work; if either forgot, the other follows.

    Returns:
        Whether something was forgotten.
    """
    with windows.lock:
        handles = windows.read(owner, touch=False).handles
        known = pool.kept.ids_of(owner)
        has_forgotten = forget_unnamed(pool, owner, handles)
        if not known.issuperset(handle.id for handle in handles):
            windows.keep(owner, known)
            return True
        return has_forgotten


def forget_unnamed(pool: Pool, owner: str, handles: list[Handle]) -> bool:
    """Forget the owner's operations that these handles do not name."""
    gone = pool.kept.ids_of(owner).difference([handle.id for handle in handles])
    for id in gone:
        if (operation := pool.kept.get(id)) is not None:
            pool.forget(operation)
    return bool(gone)


class Sweep:
    """Looks at every owner twice in ``SWEEP_SECONDS``, in slices; on the loop."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._owners: list[str] = []
        """Those still to be looked at. Each goes as its turn comes: a hundred thousand
        texts freed at once, at the end, would hold up the loop."""

    def start(self) -> None:
        """Sweep when half of ``SWEEP_SECONDS`` has passed."""
        pause = self._pool.config.sweep_seconds / 2
        self._pool.clock.call_later(pause, self._begin)

    def _begin(self) -> None:
        self._owners = self._pool.kept.owners()
        self._sweep_unowned()
        self._pool.thread.loop.call_soon(self._slice)

    def _slice(self) -> None:
        until = time.perf_counter() + _SLICE_SECONDS
        try:
            while self._owners:
                owner = self._owners.pop()
                if reconcile(self._pool, owner):
                    signals.send_changed(owner)
                if time.perf_counter() > until:
                    self._pool.thread.loop.call_soon(self._slice)
                    return
        except Exception as error:  # the cache's; the next sweep asks it again
            logger.warning("the sweep stopped: %s", type(error).__name__)
        self.start()

    def _sweep_unowned(self) -> None:
        config, now = self._pool.config, self._pool.clock.time()
        for operation in self._pool.kept.unowned():
            idle = now - (operation.finished_time or now)
            age = now - operation.submitted_time
            if idle >= config.idle_seconds or age >= config.max_age_seconds:
                self._pool.forget(operation)
