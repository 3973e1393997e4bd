"""What the pool keeps in memory, and its bounds."""

from __future__ import annotations

import threading

from ..conf import Config
from ..core.errors import QueueFull
from .operation import PoolOperation


class Kept:
    """The operations that a handle names, and those that still end.

    Everything is changed under ``lock``, by any thread; ``get`` and ``of`` may be
    called without it.
    """

    def __init__(self, config: Config) -> None:
        self.lock = threading.RLock()
        self._config = config
        self._operations: dict[str, PoolOperation] = {}
        self._by_owner: dict[str, dict[str, PoolOperation]] = {}
        self._finished: dict[str, PoolOperation] = {}
        """Those that may be forgotten for others, the one that ended first in front."""
        self._at_rest: dict[str, None] = {}
        """Owners without unfinished operations, who rests longest in front."""
        self._unowned_finished: dict[str, PoolOperation] = {}
        self.bytes = 0
        """Of all operations here and of those forgotten ones that still end."""
        self._finished_bytes = 0

    def get(self, id: str) -> PoolOperation | None:
        """Return the operation that a handle or ``get_result`` may ask for."""
        return self._operations.get(id)

    def of(self, owner: str) -> list[PoolOperation]:
        """Return the owner's operations, in the order of their submission."""
        return [*self._by_owner.get(owner, {}).values()]

    def ids_of(self, owner: str) -> set[str]:
        """Return the ids of the owner's operations."""
        return {*self._by_owner.get(owner, ())}

    def owners(self) -> list[str]:
        """Return the owners that have at least one operation."""
        return list(self._by_owner)

    def owner_count(self) -> int:
        """Return how many owners have at least one operation."""
        return len(self._by_owner)

    def unowned(self) -> list[PoolOperation]:
        """Return the finished operations that are nobody's, oldest end first."""
        return list(self._unowned_finished.values())

    def add(self, operation: PoolOperation) -> list[PoolOperation]:
        """Keep a new operation and return those that were forgotten for it.

        The oldest finished ones go first.

        Raises:
            QueueFull: Only unfinished ones could make room; nothing was changed.
        """
        with self.lock:
            gone = self._gone_for_owner(operation)
            self._check_bytes(operation)
            for old in gone:
                self.forget(old)
            over = self.bytes + operation.kept_bytes - self._config.max_kept_bytes
            for old in self._oldest_with(over):
                self.forget(old)
                gone.append(old)
            self._operations[operation.id] = operation
            if operation.owner is not None:
                mates = self._by_owner.setdefault(operation.owner, {})
                mates[operation.id] = operation
                self._at_rest.pop(operation.owner, None)
            self.bytes += operation.kept_bytes
            return gone

    def _gone_for_owner(self, operation: PoolOperation) -> list[PoolOperation]:
        most = self._config.max_owners
        if operation.owner is None or operation.owner in self._by_owner:
            return []
        if len(self._by_owner) < most:
            return []
        if self._at_rest:
            return self.of(next(iter(self._at_rest)))
        raise QueueFull(
            f"{most} owners have unfinished operations, MAX_OWNERS is {most}"
        )

    def _check_bytes(self, operation: PoolOperation) -> None:
        most = self._config.max_kept_bytes
        if self.bytes + operation.kept_bytes - most > self._finished_bytes:
            raise QueueFull(
                f"{self.bytes} bytes are kept and {operation.kept_bytes} came, "
                f"MAX_KEPT_BYTES is {most}"
            )

    def _oldest_with(self, count: int) -> list[PoolOperation]:
        """Return so many of the oldest finished ones that ``count`` bytes get free."""
        gone: list[PoolOperation] = []
        if count <= 0:
            return gone
        for old in self._finished.values():
            if count <= 0:
                break
            count -= old.kept_bytes
            gone.append(old)
        return gone

    def finish(self, operation: PoolOperation, kept_bytes: int) -> list[PoolOperation]:
        """Count anew what a finished operation keeps, and return what had to go."""
        with self.lock:
            self.bytes += kept_bytes - operation.kept_bytes
            operation.kept_bytes = kept_bytes
            if operation.is_forgotten:
                self.bytes -= kept_bytes
                return []
            self._finished[operation.id] = operation
            self._finished_bytes += kept_bytes
            self._look_for_rest(operation.owner)
            gone = self._oldest_with(self.bytes - self._config.max_kept_bytes)
            if operation.owner is None:
                self._unowned_finished[operation.id] = operation
                gone += self._unowned_too_many()
            for old in gone:
                self.forget(old)
            return gone

    def _unowned_too_many(self) -> list[PoolOperation]:
        count = len(self._unowned_finished) - self._config.unowned_size
        return list(self._unowned_finished.values())[:count] if count > 0 else []

    def forget(self, operation: PoolOperation) -> bool:
        """Let go of an operation; False when it was forgotten before.

        The caller tells one that is unfinished to end; until it has, its bytes count.
        """
        with self.lock:
            if operation.is_forgotten:
                return False
            operation.is_forgotten = True
            del self._operations[operation.id]
            self._unowned_finished.pop(operation.id, None)
            if self._finished.pop(operation.id, None) is not None:
                self.bytes -= operation.kept_bytes
                self._finished_bytes -= operation.kept_bytes
            if operation.owner is not None:
                mates = self._by_owner[operation.owner]
                del mates[operation.id]
                if not mates:
                    del self._by_owner[operation.owner]
                self._look_for_rest(operation.owner)
            return True

    def _look_for_rest(self, owner: str | None) -> None:
        """Know whether an owner has unfinished operations, after something changed."""
        if owner is None:
            return
        mates = self._by_owner.get(owner, {}).values()
        if not mates:
            self._at_rest.pop(owner, None)
        elif all(mate.id in self._finished for mate in mates):
            self._at_rest.setdefault(owner)
