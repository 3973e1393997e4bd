"""Accepting operations: as there are places, and in the order of the calls."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable
from typing import Any

from .errors import Closed, QueueFull
from .operation import Item, Operation, Value
from .snapshot import Facts
from .timing import Timing


class Admission(Timing[Item, Value]):
    """A runner that takes an operation when there is a place for it."""

    def _admits(self, key: Hashable) -> bool:
        """Return whether an operation may be taken now without overtaking another."""
        if self._blocked and self._blocked.has_key(key):
            return False
        return self._scheduler.admits(key)

    def run_bodies(self, started: Iterable[Operation[Any, Any]]) -> None:
        """Run the operations that got a slot, and admit blocked ones with a place."""
        super().run_bodies(started)
        self._unblock()
        if self._pace is not None:
            self._watch(self._pace)

    def _unblock(self) -> None:
        # A loop: a thousand blocked submitters may be admitted at once.
        while self._blocked:
            operation = self._blocked.pop_first(self._scheduler.admits)
            if operation is None:
                return
            self._take(operation)

    def admit(self, operation: Operation[Item, Value]) -> Operation[Item, Value]:
        """Take an operation for which there is a place; it runs or waits."""
        self._take(operation)
        self._unblock()
        if self._pace is not None:
            self._watch(self._pace)
        return operation

    def _take(self, operation: Operation[Item, Value]) -> None:
        # As it was before it may have started; most coordinators have no listener.
        accepted = None if self._steps is None else operation.facts()
        started = self.accept(operation, is_admitted=True)
        if accepted is not None:
            self._notify_facts(accepted)
        if started:
            super().run_bodies(started)
        elif self._start_within is not None:
            self._limit_wait(operation)

    def run_accepted(self, accepted: Facts, started: list[Operation[Any, Any]]) -> None:
        """Report an operation that another thread gave to ``accept``, and run it."""
        self._notify_facts(accepted)
        if self._start_within is not None and not started:
            self._limit_wait(self._unfinished.get(accepted.id))
        self.run_bodies(started)

    async def _block(self, operation: Operation[Item, Value]) -> Operation[Item, Value]:
        """Return the operation once it was admitted."""
        turn = self._blocked.add(operation)
        if self._pace is not None:
            self._watch(self._pace)
        try:
            await turn
        except asyncio.CancelledError:
            if not self._blocked.discard(operation) and operation.host is not None:
                # It was admitted just now, and no caller holds it.
                self.cancel_operation(operation)
            raise
        if operation.host is None:
            raise Closed
        return operation

    def _refuse(self, key: Hashable) -> QueueFull:
        self._refused += 1
        return self._scheduler.full(key)
