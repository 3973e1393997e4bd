"""A pool whose operations run on the thread that submitted them."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from asgiref.sync import sync_to_async

from .. import pool as pools
from ..conf import Config
from ..core.clock import Clock
from ..core.context import current_operation
from ..core.testing import PATIENCE_SECONDS
from ..pool.body import run
from ..pool.call import Call
from ..pool.coordinator import RunBody
from ..pool.operation import PoolOperation
from ..pool.pool import Pool
from ..pool.threads import carry
from .direct import as_plain


@contextmanager
def inline() -> Iterator[None]:
    """Run each operation on its submitter's thread, before ``submit`` returns.

    So it sees the transaction of a ``TestCase``, and the test sees what it did. All
    else is as ever: windows, rows, results, retries (without a pause), errors. The
    block ends with a fresh pool.

    On a thread whose event loop runs ``submit`` cannot wait: there the operation runs
    once the test awaits something, such as ``aresult()``, in the thread in which
    ``sync_to_async`` runs the test's own database code. What an async view submits for
    Django's sync test client runs in ``drain()``: its loop ends with the answer.
    """
    pools.reset(make=InlinePool)
    try:
        yield
    finally:
        pools.reset()


_Job = tuple[contextvars.Context, Callable[[], Any], "asyncio.Future[Any]"]


class InlinePool(Pool):
    """A pool whose bodies run on the thread that submitted them."""

    def __init__(self, config: Config, clock: Clock) -> None:
        # A body may submit and wait, so no bound may hold up a start.
        config = replace(config, max_running=10_000, max_running_per_owner=None)
        self.desks: dict[str, SimpleQueue[_Job | None]] = {}
        """The jobs of each unfinished operation by its id, and None after the last;
        made by the submitter or the loop, whoever comes first."""
        self._left: dict[str, asyncio.AbstractEventLoop] = {}
        """The loops that are to work a desk, by the operation's id, until they do."""
        super().__init__(config, clock)

    may_pause = False

    def body_runner(self) -> RunBody:
        """Return what hands a body to its submitter."""

        async def run_inline(call: Call) -> Any:
            return await run(_InlineCall(call), self)

        return run_inline

    def run(
        self, context: contextvars.Context, function: Callable[[], Any]
    ) -> asyncio.Future[Any]:
        """Stand in for the pool's threads; on the loop."""
        future = self.loop.loop.create_future()
        self.desk(current_operation().id).put((context, function, future))
        return future

    def on_submitted(self, operation: PoolOperation) -> None:
        """Do the operation's jobs, here or where this thread's loop lets us."""
        desk = self.desk(operation.id)
        self.loop.post(operation.add_waiter, _Last(desk))
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._work(desk)
            return
        self._left[operation.id] = loop
        context = contextvars.copy_context()  # asgiref finds the caller's thread by it
        work = partial(self._work_left, operation.id)
        loop.call_soon(partial(context.run, _start_in, loop, work))

    def work_for_closed_loops(self) -> None:
        """Run what was left by loops that ended first, as a sync test client's do."""
        for id, loop in [*self._left.items()]:
            if loop.is_closed():
                self._work_left(id)

    def _work_left(self, id: str) -> None:
        if self._left.pop(id, None) is not None:
            self._work(self.desk(id))

    def desk(self, id: str) -> SimpleQueue[_Job | None]:
        """Return where an operation's jobs lie; from any thread."""
        return self.desks.setdefault(id, SimpleQueue())

    def _work(self, desk: SimpleQueue[_Job | None]) -> None:
        while True:
            try:
                job = desk.get(timeout=PATIENCE_SECONDS)
            except Empty:
                raise AssertionError(
                    "the operation did not start; is the pool paused?"
                ) from None
            if job is None:
                return
            self._do(*job)

    def _do(
        self,
        context: contextvars.Context,
        function: Callable[[], Any],
        future: asyncio.Future[Any],
    ) -> None:
        """Do one job; connections stay open, they are the test's."""
        try:
            value = context.run(function)
        except BaseException as error:
            self.loop.post(future.set_exception, carry(error))
        else:
            self.loop.post(future.set_result, value)


_started: set[asyncio.Future[None]] = set()
"""Work that a loop has begun; a loop refers to its tasks weakly."""


def _start_in(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    task = loop.create_task(sync_to_async(work)())
    _started.add(task)
    task.add_done_callback(_started.discard)


class _Last:
    """Stands among an operation's waiters and closes its desk."""

    def __init__(self, desk: SimpleQueue[_Job | None]) -> None:
        self._desk = desk

    def done(self) -> bool:
        """Return False: it waits until it is told."""
        return False

    def set_result(self, result: None, /) -> None:
        """Called when the operation has ended."""
        self._desk.put(None)


class _InlineCall:
    """A call whose function is plain, whatever the task's is."""

    is_async = False

    def __init__(self, call: Call) -> None:
        self._call = call
        self.language = call.language
        self.value = call.value

    def function(self, context: Callable[[], object]) -> Callable[[], Any]:
        return as_plain(self._call.function(context), is_async=self._call.is_async)
