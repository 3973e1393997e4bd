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
from ..pool.coordinator import PoolCoordinator, RunBody
from ..pool.operation import PoolOperation
from ..pool.pool import Pool
from ..pool.questions import Ending, Question
from ..pool.threads import carry
from .direct import make_plain


@contextmanager
def inline() -> Iterator[None]:
    """Run each operation on its submitter's thread, before ``submit`` returns.

    So it sees the transaction of a ``TestCase``, and the test sees what it did. All
    else is as usual: windows, rows, results, retries (without a pause), errors. The
    block ends with a fresh pool. A question that nobody answers, as ``answering()``
    does, ends its operation after 10 seconds, and ``submit`` raises AssertionError.

    On a thread whose event loop runs ``submit`` cannot wait: there the operation runs
    once the test awaits something, such as ``aresult()``, in the thread in which
    ``sync_to_async`` runs the test's own database code. What an async view submits for
    Django's sync test client runs in ``drain()``: its loop ends with the response.
    """
    pools.reset(make=InlinePool)
    try:
        yield
    finally:
        pools.reset()


_Job = tuple[contextvars.Context, Callable[[], Any], "asyncio.Future[Any]"]


_ANSWER_SECONDS = PATIENCE_SECONDS


class _Coordinator(PoolCoordinator):
    """Cancels an operation whose question nobody answers: its thread is the test's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unanswered: dict[str, str] = {}
        """The questions that had no answer, by their operation's id. Written on the
        loop before the operation ends, read after its end."""

    def ask(
        self, operation: PoolOperation, question: Question, attempt: int
    ) -> Question:
        """Ask the operation's owner, who has so long to answer."""
        asked = super().ask(operation, question, attempt)
        if asked is question and question.ending is None:
            self._loop.post(self._expect, operation, question)
        return asked

    def _expect(self, operation: PoolOperation, question: Question) -> None:
        # By the loop's own time: the pool's clock may stand still.
        loop = self._loop.loop
        loop.call_later(_ANSWER_SECONDS, self._give_up, operation, question)

    def _give_up(self, operation: PoolOperation, question: Question) -> None:
        is_open, change = self._ledger.end_question(
            operation, question, Ending.WITHDRAWN
        )
        if is_open:
            self.unanswered[operation.id] = question.text
            self.cancel_operation(operation)
            self.follow(change)  # last: the body wakes as one that was cancelled


class InlinePool(Pool):
    """A pool whose bodies run on the thread that submitted them."""

    def __init__(self, config: Config, clock: Clock) -> None:
        # A body may submit and wait, so no bound may hold up a start.
        config = replace(config, max_running=10_000, max_running_per_owner=None)
        self._jobs: dict[str, SimpleQueue[_Job | None]] = {}
        """The jobs of each operation by its id, and None after the last; filled by
        ``setdefault``, one step in which submitter and loop may meet."""
        self._left: dict[str, asyncio.AbstractEventLoop] = {}
        """The loops that will run an operation's jobs, by its id."""
        super().__init__(config, clock)

    coordinator: _Coordinator
    make_coordinator = _Coordinator
    may_pause = False

    def body_runner(self) -> RunBody:
        """Return a function that runs a call on its submitter's thread."""

        async def run_inline(call: Call) -> Any:
            return await run(_InlineCall(call), self)

        return run_inline

    def run(
        self, context: contextvars.Context, function: Callable[[], Any]
    ) -> asyncio.Future[Any]:
        """Queue a function for the submitter's thread, as a job; on the loop."""
        future = self.loop.loop.create_future()
        self.jobs_of(current_operation().id).put((context, function, future))
        return future

    def on_submitted(self, operation: PoolOperation) -> None:
        """Run the operation's jobs here, or once this thread's running loop is free."""
        jobs = self.jobs_of(operation.id)
        self.loop.post(operation.add_waiter, _Last(jobs))
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._work(operation.id)
            return
        self._left[operation.id] = loop
        context = contextvars.copy_context()  # asgiref finds the caller's thread by it
        work = partial(self._work_left, operation.id)
        loop.call_soon(partial(context.run, _start_in, loop, work))

    def work_for_closed_loops(self) -> None:
        """Run the jobs whose loops ended first, as those of a sync test client do."""
        for id, loop in [*self._left.items()]:
            if loop.is_closed():
                self._work_left(id)

    def _work_left(self, id: str) -> None:
        if self._left.pop(id, None) is not None:
            self._work(id)

    def jobs_of(self, id: str) -> SimpleQueue[_Job | None]:
        """Return the queue of an operation's jobs; from any thread."""
        return self._jobs.setdefault(id, SimpleQueue())

    def _work(self, id: str) -> None:
        jobs = self.jobs_of(id)
        while True:
            try:
                job = jobs.get(timeout=PATIENCE_SECONDS)
            except Empty:
                raise AssertionError(
                    "the operation did not start; is the pool paused?"
                ) from None
            if job is None:
                break
            self._do(*job)
        question = self.coordinator.unanswered.pop(id, None)
        if question is not None:
            raise AssertionError(
                f"nobody answered {question!r}; is it submitted within answering()?"
            )

    def _do(
        self,
        context: contextvars.Context,
        function: Callable[[], Any],
        future: asyncio.Future[Any],
    ) -> None:
        """Do one job; connections stay open, they are the test's."""
        try:
            value = context.run(function)
        except BaseException as error:  # the body's: its operation fails with it
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
    """A waiter that ends the queue of an operation's jobs."""

    def __init__(self, jobs: SimpleQueue[_Job | None]) -> None:
        self._jobs = jobs

    def done(self) -> bool:
        """Return False: it waits until the operation has ended."""
        return False

    def set_result(self, result: None, /) -> None:
        """Called when the operation has ended."""
        self._jobs.put(None)


class _InlineCall:
    """A call whose function is plain, whatever the task's is."""

    is_async = False

    def __init__(self, call: Call) -> None:
        self._call = call
        self.language = call.language
        self.variables = call.variables
        self.value = call.value

    def function(self, context: Callable[[], object]) -> Callable[[], Any]:
        return make_plain(self._call.function(context), is_async=self._call.is_async)
