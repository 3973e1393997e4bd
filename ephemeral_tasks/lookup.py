"""Finding an operation of an owner in this process's pool, and its row."""

from __future__ import annotations

from typing import NamedTuple

from . import pool as pools
from . import windows
from .core.status import Status
from .errors import UnknownOperation
from .pool.operation import PoolOperation
from .pool.pool import Pool
from .projection import project
from .row import Row
from .windows import Handle


class Found(NamedTuple):
    """An operation that its owner's window names."""

    pool: Pool
    handle: Handle
    operation: PoolOperation
    used_monotonic: float
    """When the window was used last, which this look was, too."""

    def row(self) -> Row:
        """Return the operation as its owner sees it now."""
        pool, operation = self.pool, self.operation
        is_waiting = operation.status is Status.READY
        position = pool.position(operation) if is_waiting else None
        is_finished = operation.is_finished
        return project(
            self.handle,
            operation,
            used_monotonic=self.used_monotonic,
            clock=pool.clock,
            position=position,
            eta_seconds=None if is_finished else pool.estimate(operation, position),
        )


def find(owner: str, id: str) -> Found:
    """Return one operation of the owner; looking keeps the window alive.

    Raises:
        UnknownOperation: The owner's window does not name it.
    """
    windows.check_owner(owner)
    pool = pools.current()
    if pool is not None:
        found = windows.read(owner, touch=True)
        for handle in found.handles:
            operation = pool.ledger.memory.get(id)
            if handle.id == id and operation is not None:
                return Found(pool, handle, operation, found.used_monotonic)
    raise UnknownOperation(id)


def find_all(owner: str) -> tuple[Found, ...]:
    """Return the owner's operations, newest first; looking keeps the window alive."""
    windows.check_owner(owner)
    pool = pools.current()
    if pool is None:
        return ()
    found = windows.read(owner, touch=True)
    memory = pool.ledger.memory
    return tuple(
        [
            Found(pool, handle, operation, found.used_monotonic)
            for handle in found.handles
            if (operation := memory.get(handle.id)) is not None
        ]
    )
