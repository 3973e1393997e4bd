"""The steps of an operation's life: claimed, asked, ended, forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..core.attempts import CANCELLED, Outcome
from ..core.status import Status
from .books import Books
from .change import Change
from .operation import PoolOperation
from .questions import Ending


class Steps(Books):
    """Changes of statuses, slots and bytes, each whole with all that follows from it.

    Called while the books' lock is held, by nobody but ``Ledger``, which takes it. What
    must be done once no lock is held is noted in the ``Change`` that is given.
    """

    def _claim(self, started: Iterable[PoolOperation], change: Change) -> None:
        """Make operations RUNNING in the same step that gave them a slot."""
        for operation in started:
            operation.start(self._monotonic())
            if operation.buffer is not None:  # of the attempt before
                self.memory.drop_output(operation)
            change.started.append(operation)
            if operation.owner is not None:
                change.changed.add(operation.owner)

    def _supersede(self, operation: PoolOperation, change: Change) -> None:
        """Cancel the owner's other unfinished operations of the task."""
        if operation.owner is None:
            return
        for sibling in self.memory.of(operation.owner):
            is_same_task = sibling.task.func is operation.task.func
            if sibling is not operation and is_same_task and not sibling.is_finished:
                self._cancel(sibling, change)

    def _cancel_each(self, operations: list[PoolOperation]) -> Change:
        """Cancel operations, waiting ones first: they must not start meanwhile."""
        change = Change()
        for operation in sorted(operations, key=lambda o: o.status is Status.RUNNING):
            self._cancel(operation, change)
        return change

    def _cancel(self, operation: PoolOperation, change: Change) -> None:
        if operation.status is not Status.RUNNING:
            self._finish(operation, CANCELLED, change)
        elif not operation.is_cancelling:
            if operation.question is not None:
                self._end_question(operation, Ending.WITHDRAWN, change)
            operation.is_cancelling = True
            operation.cancelled_monotonic = self._monotonic()
            change.interrupted.append(operation)

    def _finish(
        self, operation: PoolOperation, outcome: Outcome, change: Change
    ) -> None:
        is_running = operation.status is Status.RUNNING
        leave = self._scheduler.finish if is_running else self._scheduler.withdraw
        started = leave(operation)
        status, value, error = outcome
        operation.finish(status, self._monotonic(), value=value, error=error)
        del self._unfinished[operation.id]
        self._plain -= not operation.task.is_async
        self._ended[status] += 1
        kept = 0 if operation.item is None else operation.argument_bytes
        if status is Status.SUCCESSFUL:
            self.run_times.note(operation.task.name, operation.attempt_seconds())
            kept += operation.result_bytes
        if operation.buffer is not None:
            kept += operation.buffer.size
        self.memory.finish(operation, kept)
        change.finished.append(operation)
        if operation.owner is not None:
            change.changed.add(operation.owner)
        if started:
            self._claim(started, change)
        if surplus := self.memory.find_surplus():
            self._evict(surplus, change)

    def _end_question(
        self,
        operation: PoolOperation,
        ending: Ending,
        change: Change,
        answer: Any = None,
    ) -> None:
        question, operation.question = operation.question, None
        if question is not None:
            question.end(ending, answer)
            change.questions.append((operation, question))
        self._scheduler.take_back(operation)
        if operation.owner is not None:
            change.changed.add(operation.owner)

    def _forget(self, operation: PoolOperation, change: Change) -> None:
        if self.memory.remove(operation) and not operation.is_finished:
            change.forgotten.append(operation)
            self._cancel(operation, change)

    def _evict(self, operations: Iterable[PoolOperation], change: Change) -> None:
        for operation in operations:
            self.memory.remove(operation)
            if operation.owner is not None:
                change.evicted.add(operation.owner)
