"""A pytest plugin: a pool per test, time moved by hand, operations that run inline.

::

    # conftest.py
    pytest_plugins = ["ephemeral_tasks.testing"]

Each test then begins without a pool and without windows, and one that leaves an
unfinished operation behind fails. The functions serve other test runners, too.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from . import pool as pools
from .conf import Config
from .core.clock import Clock
from .core.context import CURRENT, current_operation
from .core.testing import ManualClock
from .pool.body import Call, PoolContext, run
from .pool.coordinator import PoolCoordinator
from .pool.operation import PoolOperation
from .pool.pool import Pool
from .pool.threads import carry
from .pool.waiters import add_waiter
from .tasks import Task

__all__ = [
    "PoolClock",
    "arun_task",
    "cancel_all",
    "drain",
    "inline",
    "manual_clock",
    "run_task",
    "unfinished",
]

_PATIENCE_SECONDS = 10.0
_GRACE_SECONDS = 1.0  # what a test left may take so long to end by itself

_has_failed = pytest.StashKey[bool]()


# -- what is unfinished ----------------------------------------------------------------


def unfinished() -> list[str]:
    """Return a line for each operation that has not ended: id, task and status."""
    pool = pools.current()
    if pool is None:
        return []
    return [
        f"{one.id} {one.task.name} {one.snapshot().status}"
        for one in pool.coordinator.unfinished()
    ]


def drain(timeout: float = _PATIENCE_SECONDS) -> None:
    """Wait until all that was submitted has ended, also what bodies submit meanwhile.

    Nothing is cancelled, and more may be submitted afterwards. In an async test that
    uses the inline mode, call ``await asyncio.to_thread(drain)``.

    Raises:
        AssertionError: Something is unfinished after ``timeout`` seconds; the message
            names it.
    """
    pool = pools.current()
    if pool is not None and pool.thread.is_alive() and not _is_quiet(pool, timeout):
        lines = "\n  ".join(unfinished())
        raise AssertionError(f"unfinished after {timeout:g} s:\n  {lines}")


def cancel_all(timeout: float = _PATIENCE_SECONDS) -> None:
    """Tell everything to end, wait until it has, and go on.

    Raises:
        AssertionError: A body goes on after ``timeout`` seconds.
    """
    pool = pools.current()
    if pool is not None:
        pool.thread.post(_end_all, pool)
        drain(timeout)


def _end_all(pool: Pool) -> None:
    for operation in pool.coordinator.unfinished():
        pool.end(operation)


def _is_quiet(pool: Pool, timeout: float) -> bool:
    """Return whether everything has ended, within the time-out."""
    until = time.monotonic() + timeout
    while True:
        countdown = _Countdown()
        pool.thread.post(countdown.start, pool)
        if not countdown.is_over.wait(max(0.0, until - time.monotonic())):
            return False
        if not countdown.count:  # nothing was unfinished when the loop looked
            return True


class _Countdown:
    """Rings once when all that is unfinished at the start has ended."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.count = 0
        """How many it waited for; all of it is touched on the loop."""
        self._left = 0

    def start(self, pool: Pool) -> None:
        operations = pool.coordinator.unfinished()
        self.count = self._left = len(operations)
        for operation in operations:
            add_waiter(operation, self)
        if not operations:
            pool.notify(self.is_over.set)  # after the receivers of earlier signals

    def done(self) -> bool:
        """Return False: it waits for more than one."""
        return False

    def set_result(self, result: None, /) -> None:
        """Hear that one has ended."""
        self._left -= 1
        if not self._left:
            self.is_over.set()


# -- time ------------------------------------------------------------------------------


class PoolClock:
    """The pool's clock, which stands still until ``advance``."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        """Make a clock that shows ``start``, in seconds since the epoch."""
        self._clock = ManualClock(start)

    def time(self) -> float:
        """Return seconds since the epoch, UTC."""
        return self._clock.time()

    def advance(self, seconds: float) -> None:
        """Move the pool's clock: what is due by then has happened on return.

        A plain body that wakes for it runs in its thread; wait for its end with
        ``drain()``. Not to be called by a body.
        """
        pool = pools.get()
        if pool.thread.is_current():
            raise RuntimeError("advance() must not be called on the pool's own thread")
        moved = asyncio.run_coroutine_threadsafe(
            self._clock.advance(seconds), pool.thread.loop
        )
        moved.result(_PATIENCE_SECONDS)


@contextmanager
def manual_clock(start: float = 1_750_000_000.0) -> Iterator[PoolClock]:
    """Give a new pool a clock that is moved by hand; the block ends with a fresh pool.

    Ages, idleness, the sweep, time-outs, back-off and deferred starts follow it.
    """
    clock = PoolClock(start)
    pools.reset(clock._clock)
    try:
        yield clock
    finally:
        pools.reset()


# -- running inline --------------------------------------------------------------------


def run_task(task: object, /, *args: Any, **kwargs: Any) -> Any:
    """Call a task's function here and now and return its value or raise its error.

    The unit test of a body: no pool, no owner, no window, no retries, the caller's own
    database connection. ``progress()`` and ``current_operation()`` work in it.
    """
    return _bound(task, args, kwargs, is_caller_async=False)()


async def arun_task(task: object, /, *args: Any, **kwargs: Any) -> Any:
    """Call a task's function here and now, from async code."""
    return await _bound(task, args, kwargs, is_caller_async=True)()


def _bound(
    task: object,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    is_caller_async: bool,
) -> Callable[[], Any]:
    ours = Task.of(task)
    ours.check_arguments(args, kwargs)
    operation = PoolOperation(
        Call(ours, args, kwargs), owner=None, submitted_time=time.time()
    )
    operation.attempt = 1
    context = contextvars.copy_context()
    context.run(CURRENT.set, PoolContext(operation))
    function = context.run(operation.item.function)
    if not is_caller_async:
        return partial(context.run, _as_plain(function, is_async=ours.is_async))
    if ours.is_async:

        async def awaited() -> Any:
            body = function()
            return await asyncio.get_running_loop().create_task(body, context=context)

        return awaited
    return sync_to_async(partial(context.run, function))


def _as_plain(function: Callable[[], Any], *, is_async: bool) -> Callable[[], Any]:
    if not is_async:
        return function

    async def body() -> Any:
        return await function()

    return async_to_sync(body)


@contextmanager
def inline() -> Iterator[None]:
    """Run each operation on its submitter's thread, before ``submit`` returns.

    So it sees the transaction of a ``TestCase``, and the test sees what it did. All
    else is as ever: windows, rows, results, retries (without a pause), errors. The
    block ends with a fresh pool.

    On a thread whose event loop runs ``submit`` cannot wait: there the operation runs
    once the test awaits something, such as ``aresult()``, in the thread in which
    ``sync_to_async`` runs the test's own database code.
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
        super().__init__(config, clock)

    def make_coordinator(self) -> PoolCoordinator:
        """Return one that hands its bodies to their submitters."""
        return _InlineCoordinator(self)

    def submitted(self, operation: PoolOperation) -> None:
        """Do the operation's jobs, here or where this thread's loop lets us."""
        desk = self.desk(operation.id)
        self.thread.post(add_waiter, operation, _Last(desk))
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._work(desk)
            return
        context = contextvars.copy_context()  # asgiref finds the caller's thread by it
        work = partial(context.run, _start_in, loop, partial(self._work, desk))
        loop.call_soon(work)

    def desk(self, id: str) -> SimpleQueue[_Job | None]:
        """Return where an operation's jobs lie; from any thread."""
        return self.desks.setdefault(id, SimpleQueue())

    def _work(self, desk: SimpleQueue[_Job | None]) -> None:
        while True:
            try:
                job = desk.get(timeout=_PATIENCE_SECONDS)
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
            self.thread.post(future.set_exception, carry(error))
        else:
            self.thread.post(future.set_result, value)


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
        """Hear that the operation has ended."""
        self._desk.put(None)


class _InlineCoordinator(PoolCoordinator):
    """Hands each body to its submitter and lets retries follow at once."""

    def __init__(self, pool: InlinePool) -> None:
        super().__init__(pool)
        self._desk = pool.desk

    async def _run(self, call: Any) -> Any:
        return await run(_InlineCall(call), self)  # type: ignore[arg-type]

    def run(
        self, context: contextvars.Context, function: Callable[[], Any]
    ) -> asyncio.Future[Any]:
        """Stand in for the pool's threads."""
        future = self._loop.create_future()
        self._desk(current_operation().id).put((context, function, future))
        return future

    def _delay_after(self, operation: Any, error: BaseException) -> float | None:
        return None if super()._delay_after(operation, error) is None else 0.0


class _InlineCall:
    """A call whose function is plain, whatever the task's is."""

    is_async = False

    def __init__(self, call: Call) -> None:
        self._call = call
        self.language = call.language
        self.value = call.value

    def function(self) -> Callable[[], Any]:
        return _as_plain(self._call.function(), is_async=self._call.is_async)


# -- the plugin ------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "leaves_operations: the test leaves unfinished operations on purpose",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test failed by itself."""
    report = yield
    if report.failed:
        item.stash[_has_failed] = True
    return report


@pytest.fixture(autouse=True)
def _pool_of_one_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Begin without a pool; end with one that is at rest."""
    yield
    left = _left_behind()
    if pools.current() is not None:
        pools.reset()
    is_meant = request.node.get_closest_marker("leaves_operations") is not None
    if left and not is_meant and not request.node.stash.get(_has_failed, False):
        lines = "\n  ".join(left)
        pytest.fail(f"the test left unfinished operations:\n  {lines}", pytrace=False)


def _left_behind() -> list[str]:
    pool = pools.current()
    if pool is not None and pool.thread.is_alive():
        _is_quiet(pool, _GRACE_SECONDS)
    return unfinished()


@pytest.fixture
def task_clock() -> Iterator[PoolClock]:
    """The pool's clock, which stands still until ``task_clock.advance(seconds)``."""
    with manual_clock() as clock:
        yield clock


@pytest.fixture
def inline_tasks() -> Iterator[None]:
    """Operations run on their submitter's thread, before ``submit`` returns."""
    with inline():
        yield
