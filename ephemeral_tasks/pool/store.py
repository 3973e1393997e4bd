"""The operations that the pool keeps, by id and owner, and how many bytes they take."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ..conf import Config
from .operation import PoolOperation


class _Owner:
    """What is kept of one owner."""

    __slots__ = ("operations", "unfinished")

    def __init__(self) -> None:
        self.operations: list[PoolOperation] = []
        """Newest first, as in the owner's window."""
        self.unfinished = 0
        """How many of them have not finished."""


class Store:
    """The operations that a handle or ``get_result`` may ask for.

    Pure bookkeeping: all of it is changed under the ledger's lock. The methods under
    "looking" copy or read one dict or list and may be called without it.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._operations: dict[str, PoolOperation] = {}
        self._owners: dict[str, _Owner] = {}
        self._finished: dict[str, PoolOperation] = {}
        """Those that may be evicted, the one that finished first in front."""
        self._idle_owners: dict[str, None] = {}
        """Owners whose operations have all finished, longest idle first."""
        self._unowned: dict[str, PoolOperation] = {}
        """Finished operations without an owner, the oldest end in front."""
        self._unowned_unfinished = 0
        self.bytes = 0
        """Of all operations here and of forgotten ones that have not ended."""
        self._finished_bytes = 0

    # -- looking -----------------------------------------------------------------------

    def get(self, id: str) -> PoolOperation | None:
        """Return the operation with this id."""
        return self._operations.get(id)

    def of(self, owner: str) -> list[PoolOperation]:
        """Return the owner's operations, newest first."""
        found = self._owners.get(owner)
        return [] if found is None else [*found.operations]

    def owners(self) -> list[str]:
        """Return the owners that have at least one operation."""
        return list(self._owners)

    def owner_count(self) -> int:
        """Return how many owners have at least one operation."""
        return len(self._owners)

    def unowned(self) -> list[PoolOperation]:
        """Return the finished operations without an owner, oldest end first."""
        return list(self._unowned.values())

    def newest_finished(self, count: int) -> list[PoolOperation]:
        """Return at most so many finished operations, newest end first; locked."""
        return [*islice(reversed(self._finished.values()), count)]

    def has_unfinished(self, owner: str | None) -> bool:
        """Return whether an owner, or None for unowned ones, has unfinished work."""
        if owner is None:
            return self._unowned_unfinished > 0
        found = self._owners.get(owner)
        return found is not None and found.unfinished > 0

    # -- changes -----------------------------------------------------------------------

    def add(self, operation: PoolOperation, *, place: int = 0) -> None:
        """Keep a new operation, at this place of its owner's."""
        self._operations[operation.id] = operation
        self.bytes += operation.kept_bytes
        if operation.owner is None:
            self._unowned_unfinished += 1
            return
        owner = self._owners.get(operation.owner)
        if owner is None:
            owner = self._owners[operation.owner] = _Owner()
        owner.operations.insert(place, operation)
        owner.unfinished += 1
        self._idle_owners.pop(operation.owner, None)

    def finish(self, operation: PoolOperation, kept_bytes: int) -> None:
        """Count anew what an operation keeps now that it has finished."""
        self._count(operation, kept_bytes)
        if operation.owner is None:
            self._unowned_unfinished -= 1
        if operation.id not in self._operations:
            self.bytes -= kept_bytes
            return
        self._finished[operation.id] = operation
        self._finished_bytes += kept_bytes
        if operation.owner is None:
            self._unowned[operation.id] = operation
        else:
            self._owners[operation.owner].unfinished -= 1
            self._update_idleness(operation.owner)

    def remove(self, operation: PoolOperation) -> bool:
        """Keep an operation no more; False when it was removed before.

        The arguments of one that has not finished count until its end.
        """
        if self._operations.pop(operation.id, None) is None:
            return False
        self._unowned.pop(operation.id, None)
        if operation.buffer is not None:  # also a body that goes on writes in vain
            operation.buffer.discard()
        is_finished = self._finished.pop(operation.id, None) is not None
        if not is_finished:
            self.drop_output(operation)
        else:
            self.bytes -= operation.kept_bytes
            self._finished_bytes -= operation.kept_bytes
        if operation.owner is not None:
            owner = self._owners[operation.owner]
            owner.operations.remove(operation)
            owner.unfinished -= not is_finished
            self._update_idleness(operation.owner)
        return True

    def _update_idleness(self, name: str) -> None:
        """List an owner as idle, or forget it, after one of its operations ended."""
        owner = self._owners[name]
        if not owner.operations:
            del self._owners[name]
            self._idle_owners.pop(name, None)
        elif not owner.unfinished:
            self._idle_owners.setdefault(name)

    def drop_output(self, operation: PoolOperation) -> None:
        """Count an unfinished operation as before it wrote."""
        if operation.buffer is not None:
            operation.buffer.allowance = 0
            self._count(operation, operation.argument_bytes)

    def _count(self, operation: PoolOperation, kept_bytes: int) -> None:
        self.bytes += kept_bytes - operation.kept_bytes
        operation.kept_bytes = kept_bytes

    def check(self, unfinished: Iterable[PoolOperation]) -> None:
        """Raise AssertionError unless all of this agrees with itself; for tests.

        Args:
            unfinished: All operations that have not finished, forgotten ones included.
        """
        kept, left = self._operations.values(), [*unfinished]
        finished = [one for one in kept if one.is_finished]
        gone = [one for one in left if one.id not in self._operations]
        assert {*self._finished} == {one.id for one in finished}
        for one in left:
            allowance = 0 if one.buffer is None else one.buffer.allowance
            assert one.kept_bytes == one.argument_bytes + allowance
        assert self.bytes == sum(one.kept_bytes for one in [*kept, *gone])
        assert self._finished_bytes == sum(one.kept_bytes for one in finished)
        unowned = [one.id for one in finished if one.owner is None]
        assert {*self._unowned} == {*unowned}
        assert self._unowned_unfinished == sum(one.owner is None for one in left)
        by_owner = [one for owner in self._owners for one in self.of(owner)]
        assert len(by_owner) == sum(one.owner is not None for one in kept)
        for name, owner in self._owners.items():
            assert owner.operations
            assert all(one.owner == name for one in owner.operations)
            assert owner.unfinished == sum(not o.is_finished for o in owner.operations)
            assert (name in self._idle_owners) == (not owner.unfinished)
        assert self._idle_owners.keys() <= self._owners.keys()
