"""Whether one more operation may wait, and with which others it takes turns."""

from __future__ import annotations

from collections.abc import Hashable

from ..conf import Config
from ..core.errors import QueueFull
from ..core.keyed_queue import KeyedQueue
from ..core.status import Status
from ..errors import ClientFull
from .memory import Memory
from .operation import PoolOperation
from .slots import Slots

_NO_LIMIT = 2**31


class Admission:
    """The pool's scheduler, and the rules by which new operations come into it.

    Pure bookkeeping, called under the ledger's lock. An operation takes turns with all
    others of its client, without a client with its owner's, unowned ones as one.
    """

    def __init__(self, config: Config, memory: Memory) -> None:
        self._config = config
        self._memory = memory
        self._queue = KeyedQueue(self._limit_of, urgent_first=True)
        self.slots = Slots(
            self._queue, limit=config.max_running, capacity=config.max_waiting
        )
        """Which operation starts next."""

    def _limit_of(self, key: Hashable) -> int:
        """Return how many of one key run at once; unowned ones have no bound."""
        bound = self._config.max_running_per_owner
        return _NO_LIMIT if key is None or bound is None else bound

    def schedule(
        self, operation: PoolOperation, *, is_due: bool = True
    ) -> list[PoolOperation]:
        """Queue a new operation and return it if it starts, else nothing.

        Args:
            operation: New; the memory does not have it yet.
            is_due: False for one that may not start before ``release``.

        Raises:
            QueueFull, ClientFull: As many wait or ask as may; nothing was changed.
        """
        superseded = self._count_superseded(operation)
        if self._config.client_of is not None and operation.owner is not None:
            operation.key = self._choose_key(operation, operation.owner)
            self._check_client(operation.key, superseded)
        # A share of the places is for those with nothing unfinished: without it one
        # visitor with many sessions could close the queue for all others.
        reserved = 0
        if superseded:  # it takes the place of what it ends
            reserved = -superseded
        elif self._config.max_waiting and self._is_busy(operation):
            reserved = max(1, self._config.max_waiting // 10)
        try:
            if is_due:
                return self.slots.offer(operation, reserved=reserved)
            self.slots.defer(operation, reserved=reserved)
        except QueueFull:
            kept = f", {reserved} of them kept for new visitors" if reserved > 0 else ""
            asking = f" and {self.slots.asking} ask" if self.slots.asking else ""
            raise QueueFull(
                f"{self.slots.waiting} operations wait{asking}, "
                f"MAX_WAITING is {self._config.max_waiting}{kept}",
                reason="MAX_WAITING",
            ) from None
        return []

    def _choose_key(self, operation: PoolOperation, owner: str) -> Hashable:
        """Return the key of the owner's unfinished operations, else the client's.

        So an owner has one key at a time, also when a phone changes its network, and
        the bounds of an owner hold. An owner's key has no space, so no client's is one.
        """
        for sibling in self._memory.of(owner):
            if not sibling.is_finished:
                return sibling.key
        return owner if operation.client is None else f"client {operation.client}"

    def _count_superseded(self, operation: PoolOperation) -> int:
        """Return how many places it frees: those of its older siblings that wait."""
        if operation.owner is None or not operation.task.supersede:
            return 0
        return sum(
            sibling.task.func is operation.task.func
            and sibling.status is Status.READY
            and not sibling.attempt
            for sibling in self._memory.of(operation.owner)
        )

    def _check_client(self, key: Hashable, superseded: int) -> None:
        bound = self._config.max_waiting_per_client
        taken = self._queue.count_waiting(key) + self.slots.count_asking(key)
        if taken - superseded >= bound:
            raise ClientFull(bound)

    def _is_busy(self, operation: PoolOperation) -> bool:
        """Return whether its client, or its owner, has something unfinished."""
        key = operation.key
        if operation.owner is not None and (
            key in self._queue or self.slots.count_asking(key)
        ):
            return True
        # Deferred ones, which have no owner, are not in the queue.
        return self._memory.has_unfinished(operation.owner)
