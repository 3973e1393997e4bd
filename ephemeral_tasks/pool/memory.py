"""The bounds of what the pool keeps, and which operations go first."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from ..core.errors import QueueFull
from ..errors import ResultTooLarge
from .operation import PoolOperation
from .store import Store

_STEP = 16 * 1024  # characters by which an output may grow before it is counted anew
_STEP_SHARE = 1024  # at most this part of MAX_KEPT_BYTES: what is spared is not free


class Memory(Store):
    """What is kept, within ``MAX_KEPT_BYTES``, ``MAX_OWNERS`` and ``UNOWNED_SIZE``.

    The oldest finished operations go first. This class only names them; the ledger
    removes them. Called under the ledger's lock.
    """

    # -- evicting ----------------------------------------------------------------------

    def find_evictable(self, operation: PoolOperation) -> list[PoolOperation]:
        """Return the operations that must be evicted before a new one is added.

        Raises:
            QueueFull: Only unfinished operations could be evicted.
        """
        evicted = self._find_evictable_owner(operation.owner)
        over = self.bytes + operation.kept_bytes - self._config.max_kept_bytes
        if over > self._finished_bytes:
            raise QueueFull(
                f"{self.bytes} bytes are kept and {operation.kept_bytes} came, "
                f"MAX_KEPT_BYTES is {self._config.max_kept_bytes}",
                reason="MAX_KEPT_BYTES",
            )
        if over <= 0:
            return evicted
        over -= sum(old.kept_bytes for old in evicted)
        return [*evicted, *self._find_oldest(over, besides=evicted)]

    def _find_evictable_owner(self, owner: str | None) -> list[PoolOperation]:
        bound = self._config.max_owners
        if owner is None or owner in self._owners or len(self._owners) < bound:
            return []
        if self._idle_owners:
            return self.of(next(iter(self._idle_owners)))
        raise QueueFull(
            f"{bound} owners have unfinished operations, MAX_OWNERS is {bound}",
            reason="MAX_OWNERS",
        )

    def _find_oldest(
        self, count: int, *, besides: Iterable[PoolOperation] = ()
    ) -> list[PoolOperation]:
        """Return so many of the oldest finished ones that ``count`` bytes get free."""
        found: list[PoolOperation] = []
        for old in self._finished.values():
            if count <= 0:
                break
            if old not in besides:
                count -= old.kept_bytes
                found.append(old)
        return found

    def find_surplus(self) -> list[PoolOperation]:
        """Return the operations over a bound: of bytes or of unowned results."""
        over = self.bytes - self._config.max_kept_bytes
        surplus = self._find_oldest(over) if over > 0 else []
        count = len(self._unowned) - self._config.unowned_size
        if count > 0:
            unowned = list(self._unowned.values())[:count]
            surplus += [old for old in unowned if old not in surplus]
        return surplus

    # -- outputs -----------------------------------------------------------------------

    def extend_output(self, operation: PoolOperation, size: int) -> list[PoolOperation]:
        """Allow an unfinished operation an output of ``size`` characters at least.

        More than that where it costs nobody anything, so that few writes come here.

        Returns:
            The operations that must be evicted for it.

        Raises:
            ResultTooLarge: ``size`` is over a bound.
        """
        buffer = operation.buffer
        if buffer is None or operation.is_finished:
            return []
        if operation.id not in self._operations:
            buffer.discard()
            return []
        bound = self._config.max_result_bytes
        if size > bound:
            raise ResultTooLarge(_("The output is too large to be kept."))
        spare = self._config.max_kept_bytes - self.bytes + buffer.allowance
        if size - spare > self._finished_bytes:
            raise ResultTooLarge(_("There is no memory left for the output."))
        evicted = self._find_oldest(size - spare)
        step = min(_STEP, self._config.max_kept_bytes // _STEP_SHARE)
        buffer.allowance = max(size, min(size + step, bound, spare))
        self._count(operation, operation.argument_bytes + buffer.allowance)
        return evicted
