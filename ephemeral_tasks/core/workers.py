"""A few tasks that share a source of items: the fast path of ``for_each``."""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import AsyncIterable, Callable, Coroutine, Hashable, Iterable
from typing import Any, Generic

from .context import CURRENT, OperationContext
from .ids import new_id
from .operation import Item
from .parts import Whole
from .signals import SignalHub
from .sources import TURN, Shared
from .summary import Failure, Summary

_STREAK = TURN // 3
"""Bodies in a row that may end without waiting. We count a turn from our own callback,
so that up to three of our turns fall between two calls of another callback."""


class Workers(Generic[Item]):
    """Runs a body over a source with at most ``limit`` tasks; for one ``run``.

    One task starts. While all of them wait inside bodies, their number doubles at each
    turn of the loop: bodies that wait are soon run by ``limit`` tasks, and bodies that
    never wait by one task, which gives the loop its turns. Belongs to its loop: no lock
    protects its fields.
    """

    def __init__(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        body: Callable[[Item], Coroutine[Any, Any, object]],
        *,
        limit: int,
        history: int,
        stop_after: int | None,
        keep_items: bool,
    ) -> None:
        self._source = Shared(items)
        self._body = body
        self._limit = limit
        self.outer = CURRENT.get()
        """The operation that runs the loop, if there is one."""
        self.is_cancelled = False
        """True once the bodies were cancelled."""
        self._loop = asyncio.get_running_loop()
        self._variables = contextvars.copy_context()
        """The caller's; each task gets a copy."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._all_ended = self._loop.create_future()
        self._error: BaseException | None = None
        """What the source raised, or a body that raised no Exception."""
        self._turn = 0
        """Counts the loop's turns in which items were taken."""
        self._is_turn_due = False
        self._streak = 0
        """Bodies that ended in this turn without having waited."""
        self._is_yielding = False
        """True while a task gives the loop its turn; a second one is not needed."""
        self._successful = self._failed = self._cancelled = 0
        self._failures: deque[Failure] = deque(maxlen=history)
        self._stop_after = stop_after
        self._keep_items = keep_items
        self._is_stopped = False

    async def run(self) -> Summary:
        """Return when the source is at its end and the last body has ended."""
        self._start(1)
        try:
            await self._until_all_ended()
        finally:
            await self._source.aclose()
        self._raise_error()
        return Summary(
            successful=self._successful,
            failed=self._failed,
            cancelled=self._cancelled,
            failures=tuple(self._failures),
            is_stopped=self._is_stopped,
        )

    async def _until_all_ended(self) -> None:
        cancellation = None
        while self._tasks:
            try:
                await asyncio.shield(self._all_ended)
            except asyncio.CancelledError as error:
                cancellation = error
                self._cancel()
        if cancellation is not None:
            try:
                raise cancellation
            finally:
                cancellation = None  # this frame is in its traceback

    def _cancel(self) -> None:
        """Cancel all bodies, once: a second time would interrupt their clean-up."""
        self._source.stop()
        if not self.is_cancelled:
            self.is_cancelled = True
            for task in self._tasks:
                task.cancel()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # this frame is in its traceback

    # -- tasks -------------------------------------------------------------------------

    def _start(self, number: int) -> None:
        for _ in range(number):
            task = self._loop.create_task(self._work(), context=self._variables.copy())
            self._tasks.add(task)
            task.add_done_callback(self._on_done, context=self._variables)

    async def _work(self) -> None:
        if self._streak >= _STREAK:  # no body has waited since this task was started
            return
        async for index, item in self._source:
            await self._run(index, item)
            if self._streak >= _STREAK and not await self._yield_turn():
                return

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error: BaseException | None
        if task.cancelled():  # by us, or the source has raised CancelledError
            error = None if self.is_cancelled else asyncio.CancelledError()
        else:
            error = task.exception()
        if error is not None:
            self._error = self._error or error
            self._source.stop()
            if not isinstance(error, Exception):
                self._cancel()
        if not self._tasks and not self._all_ended.done():
            self._all_ended.set_result(None)

    async def _run(self, index: int, item: Item) -> None:
        if not self._is_turn_due:
            self._is_turn_due = True
            self._loop.call_soon(self._take_turn, context=self._variables)
        turn = self._turn
        CURRENT.set(LoopContext(self))
        try:
            await self._body(item)
        except asyncio.CancelledError:
            self._cancelled += 1
            if self.is_cancelled:
                raise
        except Exception as error:  # of a body: collected, never raised
            self._fail(index, item, error)
        else:
            self._successful += 1
        if turn == self._turn:
            self._streak += 1

    def _fail(self, index: int, item: Item, error: Exception) -> None:
        self._failed += 1
        self._failures.append(
            Failure(
                index=index,
                error=_drop_own_frame(error),
                item=item if self._keep_items else None,
            )
        )
        if self._failed == self._stop_after:
            self._is_stopped = True
            self._cancel()

    # -- turns of the loop -------------------------------------------------------------

    def _take_turn(self) -> None:
        """Begin a new turn; start more tasks if all wait in bodies."""
        is_enough = self._streak >= _STREAK or self._source.is_awaited
        self._is_turn_due = False
        self._turn += 1
        self._streak = 0
        if not (is_enough or self._source.is_over):
            # Without a key the limit alone admits, and no queue is needed.
            running = len(self._tasks)
            self._start(min(running, self._limit - running))

    async def _yield_turn(self) -> bool:
        """Give the loop its turn; False when another task does so already."""
        if self._is_yielding:
            return False
        self._is_yielding = True
        try:
            await asyncio.sleep(0)
        finally:
            self._is_yielding = False
        return True


class LoopContext(OperationContext):
    """The context of one item of a loop, for which no operation is kept.

    Its progress is reported by the operation that runs the loop, if there is one.
    """

    __slots__ = ("_id", "_workers")

    def __init__(self, workers: Workers[Any]) -> None:
        self._workers = workers
        self._id: str | None = None

    @property
    def id(self) -> str:
        """An id of this run of the body."""
        if self._id is None:
            self._id = new_id()
        return self._id

    @property
    def key(self) -> Hashable:
        """None: items without keys."""
        return None

    @property
    def attempt(self) -> int:
        """1: each is tried once."""
        return 1

    @property
    def outer(self) -> OperationContext | None:
        """The context of the operation that runs the loop."""
        return self._workers.outer

    @property
    def is_cancelled(self) -> bool:
        """True once the loop was cancelled."""
        return self._workers.is_cancelled

    @property
    def is_timed_out(self) -> bool:
        """False: there is no time-out."""
        return False

    @property
    def hub(self) -> SignalHub | None:
        """That of the operation that runs the loop."""
        outer = self._workers.outer
        return None if outer is None else outer.hub

    def progress(
        self, done: float, total: float | None = None, message: str = ""
    ) -> None:
        """Report progress as that of the operation that runs the loop."""
        if self._workers.outer is not None:
            self._workers.outer.progress(done, total, message)

    def whole(self) -> Whole | None:
        """Return that of the operation that runs the loop, if there is one."""
        return None if self._workers.outer is None else self._workers.outer.whole()

    def write(self, text: str) -> None:
        """Append a text to the output of the operation that runs the loop."""
        if self._workers.outer is not None:
            self._workers.outer.write(text)


def _drop_own_frame(error: Exception) -> Exception:
    """Return an error as the body left it: our frame would keep the loop alive."""
    trace = error.__traceback__
    return error.with_traceback(None if trace is None else trace.tb_next)
