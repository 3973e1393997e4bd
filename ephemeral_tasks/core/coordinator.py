"""Running operations under limits: the rules that every coordinator shares."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
from collections import deque
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Hashable,
    Iterable,
)
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Generic, Required, Self, TypedDict

from .clock import Clock, LoopClock
from .context import CURRENT, OperationContext
from .errors import Closed, QueueFull
from .history import Echo, History
from .operation import Item, Operation, Snapshot, Value
from .policy import Backoff, Policy, full_jitter
from .queues import Queue
from .status import Status

logger = logging.getLogger("ephemeral_tasks")

Body = Callable[[Item], Coroutine[Any, Any, Value]]

_TURN = 100  # the loop gets its turn at least every so many items


class Options(TypedDict, total=False):
    """The keywords that every coordinator takes; see ``Coordinator.__init__``."""

    limit: Required[int]
    capacity: int
    history: int
    max_age: float | None
    echoes: int
    timeout: float | None
    max_attempts: int
    backoff: Backoff | None
    retry_on: tuple[type[BaseException], ...]
    on_change: Callable[[Snapshot], object] | None
    clock: Clock | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The counters of a coordinator at one instant.

    ``accepted == waiting + retrying + running + successful + failed + cancelled``.
    """

    running: int
    """Bodies that run now."""

    waiting: int
    """Operations that wait for their first start."""

    retrying: int
    """Operations between two attempts."""

    limit: int
    """How many may run at once."""

    capacity: int
    """How many may wait."""

    accepted: int
    """Operations taken so far."""

    refused: int
    """Operations refused with QueueFull so far."""

    successful: int
    """Operations that ended well."""

    failed: int
    """Operations that ended with an error."""

    cancelled: int
    """Operations that were cancelled."""

    is_paused: bool
    """True while nothing starts."""


class Coordinator(Generic[Item, Value]):
    """Runs at most ``limit`` bodies at once and lets at most ``capacity`` wait.

    Base of the coordinators, which differ in the queue they hand to it. Belongs to the
    loop that is running when it is made; everything of it is touched there alone.
    """

    def __init__(
        self,
        body: Body[Item, Value],
        *,
        queue: Queue,
        limit: int,
        capacity: int = 1000,
        history: int = 200,
        max_age: float | None = None,
        echoes: int = 256,
        timeout: float | None = None,
        max_attempts: int = 1,
        backoff: Backoff | None = None,
        retry_on: tuple[type[BaseException], ...] = (Exception,),
        on_change: Callable[[Snapshot], object] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a coordinator for the running loop; nothing runs yet.

        Args:
            body: Coroutine function, called with one item.
            queue: The order of those that wait.
            limit: How many run at once, at least 1.
            capacity: How many may wait, at least 0.
            history: How many finished operations are remembered, at least 0.
            max_age: Seconds that the history remembers one; None for no limit.
            echoes: How many of those that the history let go leave an echo.
            timeout: Seconds that an attempt may take; it then fails with TimeoutError.
            max_attempts: How often the body is called at most.
            backoff: ``(failed attempt, error) -> seconds`` until the next attempt;
                exponential with full jitter by default.
            retry_on: The errors after which another attempt is made.
            on_change: Called on the loop with a snapshot at each step; an error in it
                is logged and harms nothing.
            clock: Where the time comes from.

        Raises:
            RuntimeError: No loop is running.
            TypeError: The body is no coroutine function.
            ValueError: A bound is out of range.
        """
        check_body(body)
        check_at_least("limit", limit, 1)
        check_at_least("capacity", capacity, 0)
        check_at_least("history", history, 0)
        check_at_least("echoes", echoes, 0)
        if max_age is not None and not max_age > 0:
            raise ValueError(f"max_age must be > 0, got {max_age!r}")
        self._loop = running_loop(type(self).__name__)
        self._body = body
        self._queue = queue
        self._limit = limit
        self._capacity = capacity
        self._policy = Policy(
            timeout=timeout,
            max_attempts=max_attempts,
            backoff=full_jitter if backoff is None else backoff,
            retry_on=retry_on,
        )
        self._clock: Clock = clock or LoopClock()
        self._on_change = on_change
        self._history = History(
            size=history, max_age=max_age, echoes=echoes, clock=self._clock
        )
        self._no_variables = contextvars.Context()
        """Where our own callbacks run; they would keep a body's variables alive."""
        self._unfinished: dict[str, Operation[Item, Value]] = {}
        self._blocked: deque[asyncio.Future[None]] = deque()
        self._idle: list[asyncio.Future[None]] = []
        self._source: asyncio.Task[None] | None = None
        self._is_closed = self._is_paused = False
        self._running = self._retrying = 0
        self._accepted = self._refused = 0
        self._ended = {Status.SUCCESSFUL: 0, Status.FAILED: 0, Status.CANCELLED: 0}

    # -- making ------------------------------------------------------------------------

    @classmethod
    def from_iterable(
        cls,
        items: Iterable[Item] | AsyncIterable[Item],
        body: Body[Item, Value],
        **options: Any,
    ) -> Self:
        """Return a coordinator that takes its items from a source, as it has room.

        It closes itself at the source's end. An error of the source comes out of
        ``drain()``, after what was accepted has run.
        """
        coordinator = cls(body, **options)
        coordinator._source = coordinator._loop.create_task(coordinator._pump(items))
        coordinator._source.add_done_callback(coordinator._source_ended)
        return coordinator

    async def _pump(self, items: Iterable[Item] | AsyncIterable[Item]) -> None:
        try:
            async for item in turning(items):
                await self.submit(item)
        except Closed:
            pass  # somebody else closed it: the rest of the source is not wanted
        finally:
            self.close()

    async def __aenter__(self) -> Self:
        self.check_loop()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drain when the block ended well, else cancel."""
        try:
            if kind is None:
                await self.drain()
        finally:
            await self.aclose()

    # -- submitting --------------------------------------------------------------------

    async def submit(self, item: Item) -> Operation[Item, Value]:
        """Take an item, as soon as there is room.

        Raises:
            Closed: The coordinator was closed, perhaps while this call waited.
        """
        self._check_open()
        key = self._key_of(item)
        is_first_try = True
        while (self._blocked and is_first_try) or not self._has_room(key):
            await self._wait_for_room(at_front=not is_first_try)
            self._check_open()
            is_first_try = False
        operation = self.admit(self._make(item, key))
        self._unblock()
        return operation

    def submit_nowait(self, item: Item) -> Operation[Item, Value]:
        """Take an item now.

        Raises:
            QueueFull: As many wait as may wait; nothing was changed.
            Closed: The coordinator was closed.
        """
        self._check_open()
        key = self._key_of(item)
        if self._blocked or not self._has_room(key):
            self._refused += 1
            raise QueueFull(
                f"{len(self._queue)} operations wait, capacity is {self._capacity}"
            )
        return self.admit(self._make(item, key))

    async def submit_many(
        self, items: Iterable[Item] | AsyncIterable[Item]
    ) -> tuple[Operation[Item, Value], ...]:
        """Take items in order, each as soon as there is room.

        Raises:
            Closed: The coordinator was closed; what was taken before stays taken.
        """
        return tuple([await self.submit(item) async for item in turning(items)])

    def _key_of(self, item: Item) -> Hashable:
        return None

    def _priority_of(self, item: Item) -> int:
        return 0

    def _make(self, item: Item, key: Hashable) -> Operation[Item, Value]:
        return Operation(
            item,
            key=key,
            priority=self._priority_of(item),
            policy=self._policy,
            variables=contextvars.copy_context(),
            submitted_time=self._clock.time(),
        )

    def admit(self, operation: Operation[Item, Value]) -> Operation[Item, Value]:
        """Take an operation that its host made, whatever the capacity says."""
        operation.host = self
        self._unfinished[operation.id] = operation
        self._accepted += 1
        self._queue.push(operation)
        self._stepped(operation)
        self._dispatch()
        return operation

    def _has_room(self, key: Hashable) -> bool:
        return len(self._queue) < self._capacity or (
            not self._is_paused
            and self._running < self._limit
            and self._queue.is_free(key)
        )

    async def _wait_for_room(self, *, at_front: bool) -> None:
        turn = self._loop.create_future()
        if at_front:
            self._blocked.appendleft(turn)
        else:
            self._blocked.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._unblock()  # somebody else may have the place
            else:
                self._blocked.remove(turn)
            raise

    def _unblock(self) -> None:
        """Let one blocked submitter look whether there is room for it."""
        while self._blocked and (self._is_closed or self._may_have_room()):
            turn = self._blocked.popleft()
            if not turn.done():
                turn.set_result(None)
                if not self._is_closed:
                    break

    def _may_have_room(self) -> bool:
        return len(self._queue) < self._capacity or (
            not self._is_paused and self._running < self._limit
        )

    # -- running -----------------------------------------------------------------------

    def _dispatch(self) -> None:
        """Start what may start."""
        while not self._is_paused and self._running < self._limit:
            operation = self._queue.pop()
            if operation is None:
                break
            self._start(operation)
        if self._blocked:
            self._unblock()

    def _start(self, operation: Operation[Item, Value]) -> None:
        if operation.attempt:
            self._retrying -= 1
        if not self._claim(operation):
            if not operation.attempt:
                self._queue.release(operation)  # what its turn took
            self._finish(operation, Status.CANCELLED)
            return
        operation.is_timed_out = operation.is_interrupted = False
        self._running += 1
        context = operation.variables or contextvars.Context()
        context.run(CURRENT.set, self._context_of(operation))
        try:
            coroutine = context.run(self._body, operation.item)
            task = self._loop.create_task(coroutine, name=operation.id, context=context)
        except Exception as error:  # the body could not even be called
            self._settle(operation, error)
            return
        operation.task = task
        if operation.policy.timeout is not None:
            operation.timer = self._clock.call_later(
                operation.policy.timeout, self._time_out, operation
            )
        task.add_done_callback(
            partial(self._attempted, operation), context=self._no_variables
        )
        self._stepped(operation)

    def _claim(self, operation: Operation[Item, Value]) -> bool:
        """Make an operation RUNNING; False when it was told to end before."""
        operation.attempt += 1
        if operation.started_time is None:
            operation.started_time = self._clock.time()
        operation.status = Status.RUNNING
        return True

    def _context_of(self, operation: Operation[Item, Value]) -> OperationContext:
        return OperationContext(operation)

    def _time_out(self, operation: Operation[Item, Value]) -> None:
        task = operation.task
        if task is not None and not operation.is_told_to_end and not task.done():
            operation.is_timed_out = operation.is_interrupted = True
            task.cancel()

    def _attempted(
        self, operation: Operation[Item, Value], task: asyncio.Task[Value]
    ) -> None:
        """Take an attempt's outcome and let the next operation start."""
        if operation.timer is not None:
            operation.timer.cancel()
            operation.timer = None
        error = None if task.cancelled() else task.exception()
        if operation.is_timed_out and not operation.is_cancelling:
            seconds = operation.policy.timeout
            error = TimeoutError(f"the attempt took longer than {seconds} s")
        elif operation.is_cancelling or task.cancelled():
            self._running -= 1
            self._finish(operation, Status.CANCELLED)
            return self._dispatch()
        if error is None:
            self._running -= 1
            self._finish(operation, Status.SUCCESSFUL, value=task.result())
        else:
            self._settle(operation, error)
        return self._dispatch()

    def _settle(self, operation: Operation[Item, Value], error: BaseException) -> None:
        """Try a failed operation again, or end it."""
        self._running -= 1
        operation.task = None
        delay = self._delay_after(operation, error)
        if delay is None:
            self._finish(operation, Status.FAILED, error=error)
        else:
            self._retrying += 1
            operation.status = Status.READY
            operation.timer = self._clock.call_later(delay, self._due, operation)
            self._stepped(operation)

    def _delay_after(
        self, operation: Operation[Item, Value], error: BaseException
    ) -> float | None:
        """Return the seconds until the next attempt; None when none follows."""
        policy = operation.policy
        if not policy.allows_another(operation.attempt, error):
            return None
        try:
            return max(0.0, float(policy.backoff(operation.attempt, error)))
        except Exception:
            logger.error("backoff failed, no further attempt: id=%s", operation.id)
            return None

    def _due(self, operation: Operation[Item, Value]) -> None:
        operation.timer = None
        self._queue.push_again(operation)
        self._dispatch()

    def _finish(
        self,
        operation: Operation[Item, Value],
        status: Status,
        *,
        value: Value | None = None,
        error: BaseException | None = None,
    ) -> None:
        del self._unfinished[operation.id]
        if operation.attempt:
            self._queue.release(operation)
        self._ended[status] += 1
        operation.finish(status, self._clock.time(), value=value, error=error)
        if not self._history.is_off:
            self._history.add(operation.snapshot())
        self._stepped(operation)
        operation.wake()
        if self._idle and not self._unfinished:
            self._wake_idle()

    def _stepped(self, operation: Operation[Item, Value]) -> None:
        """Tell the listener of a step."""
        if self._on_change is not None:
            try:
                self._on_change(operation.snapshot())
            except Exception:
                logger.exception("on_change failed: id=%s", operation.id)

    def progressed(self, operation: Operation[Any, Any]) -> None:
        """Do nothing: the next snapshot shows the progress."""

    # -- steering ----------------------------------------------------------------------

    def cancel(self, id: str) -> bool:
        """Ask one operation to end CANCELLED; False when it finished or is unknown."""
        self.check_loop()
        operation = self._unfinished.get(id)
        return operation is not None and self.end(operation)

    def cancel_all(self) -> int:
        """Ask all that is unfinished to end; return how many were asked."""
        self.check_loop()
        was_paused, self._is_paused = self._is_paused, True
        asked = sum(self.end(operation) for operation in [*self._unfinished.values()])
        self._is_paused = was_paused
        self._dispatch()
        return asked

    def end(self, operation: Operation[Any, Any]) -> bool:
        """Tell an operation to end; False when it had finished."""
        self.check_loop()
        if operation.id not in self._unfinished:
            return False
        operation.is_cancelling = True
        if operation.task is not None:
            if not operation.is_interrupted:  # twice would break into its clean-up
                operation.is_interrupted = True
                operation.task.cancel()
            self._stepped(operation)
            return True
        if operation.timer is not None:
            operation.timer.cancel()
        if operation.attempt:
            self._retrying -= 1
        self._queue.remove(operation)
        self._finish(operation, Status.CANCELLED)
        self._dispatch()
        return True

    def pause(self) -> None:
        """Start nothing more until ``resume``; what runs goes on."""
        self.check_loop()
        self._is_paused = True

    def resume(self) -> None:
        """Start what may start, now and from now on."""
        self.check_loop()
        self._is_paused = False
        self._dispatch()

    def resize(self, limit: int) -> None:
        """Let ``limit`` run at once: more start now, fewer as running ones end."""
        self.check_loop()
        check_at_least("limit", limit, 1)
        self._limit = limit
        self._dispatch()

    # -- ending ------------------------------------------------------------------------

    def close(self) -> None:
        """Take no more; blocked submitters get Closed. What was accepted goes on."""
        self.check_loop()
        self._is_closed = True
        self._unblock()
        if not self._unfinished:
            self._wake_idle()

    async def drain(self, timeout: float | None = None) -> None:
        """Close, then wait until all that was accepted has finished.

        While paused this waits for ``resume``, too. With ``from_iterable`` it waits for
        the source's end instead of closing at once.

        Raises:
            TimeoutError: Some are unfinished after ``timeout`` seconds; none of them
                was cancelled.
        """
        self.check_loop()
        timer = None
        waiter = self._loop.create_future()
        if timeout is not None:
            timer = self._clock.call_later(timeout, _expire, waiter, timeout)
        try:
            await self._until_idle(waiter)
        finally:
            if timer is not None:
                timer.cancel()
        if self._source is not None and not self._source.cancelled():
            self._source.result()

    async def _until_idle(self, waiter: asyncio.Future[None]) -> None:
        if self._source is None:
            self.close()
        self._idle.append(waiter)
        if self._is_drained():
            self._wake_idle()
        try:
            await waiter
        finally:
            if waiter in self._idle:
                self._idle.remove(waiter)

    def _is_drained(self) -> bool:
        is_source_open = self._source is not None and not self._source.done()
        return self._is_closed and not self._unfinished and not is_source_open

    def _source_ended(self, source: asyncio.Task[None]) -> None:
        if not source.cancelled():
            source.exception()  # drain() raises it; without one it is not wanted
        self._wake_idle()

    def _wake_idle(self) -> None:
        if self._is_drained():
            waiters, self._idle = self._idle, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def aclose(self) -> None:
        """Close, cancel all that is unfinished, and wait until the bodies have ended."""
        self.close()
        if self._source is not None and not self._source.done():
            self._source.cancel()
        self.cancel_all()
        if not self._is_drained():
            await self._until_idle(self._loop.create_future())

    # -- looking -----------------------------------------------------------------------

    def statistics(self) -> Statistics:
        """Return the counters of this instant."""
        return Statistics(
            running=self._running,
            waiting=len(self._queue),
            retrying=self._retrying,
            limit=self._limit,
            capacity=self._capacity,
            accepted=self._accepted,
            refused=self._refused,
            successful=self._ended[Status.SUCCESSFUL],
            failed=self._ended[Status.FAILED],
            cancelled=self._ended[Status.CANCELLED],
            is_paused=self._is_paused,
        )

    def snapshots(self, *, status: Status | None = None) -> tuple[Snapshot, ...]:
        """Return the unfinished operations and the history, oldest submission first."""
        self.check_loop()
        pictures = [*self._history]
        pictures += [operation.snapshot() for operation in self._unfinished.values()]
        pictures.sort(key=lambda snapshot: snapshot.submitted_at)
        return tuple(p for p in pictures if status is None or p.status is status)

    def echoes(self) -> tuple[Echo, ...]:
        """Return what is left of operations that the history let go, oldest first."""
        self.check_loop()
        return self._history.echoes()

    def pin(self, id: str) -> None:
        """Keep a finished operation in the history until ``unpin``.

        Raises:
            UnknownOperation: The history does not know it.
        """
        self.check_loop()
        self._history.pin(id)

    def unpin(self, id: str) -> None:
        """Let a pinned operation go with its age again."""
        self.check_loop()
        self._history.unpin(id)

    def check_loop(self) -> None:
        """Raise RuntimeError when the caller is not on the coordinator's loop."""
        if asyncio._get_running_loop() is not self._loop:
            raise RuntimeError(
                f"this {type(self).__name__} belongs to another event loop; use "
                "loop.call_soon_threadsafe() or asyncio.run_coroutine_threadsafe() "
                "with its own loop"
            )

    def _check_open(self) -> None:
        self.check_loop()
        if self._is_closed:
            raise Closed


def check_body(body: object) -> None:
    """Refuse a body that is no coroutine function.

    Raises:
        TypeError: The message names what came.
    """
    is_object = callable(body) and inspect.iscoroutinefunction(type(body).__call__)
    if not (is_object or inspect.iscoroutinefunction(body)):
        raise TypeError(f"body must be a coroutine function, got {body!r}")


def check_at_least(name: str, value: int, least: int) -> None:
    """Refuse a bound that is no whole number or too small.

    Raises:
        TypeError, ValueError: The message names the argument, the rule and what came.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be >= {least}, got {value}")


def running_loop(name: str) -> asyncio.AbstractEventLoop:
    """Return the running loop.

    Raises:
        RuntimeError: There is none; the message names who needs it.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(f"{name} must be made inside a running event loop") from None


async def turning(
    items: Iterable[Item] | AsyncIterable[Item],
) -> AsyncIterator[Item]:
    """Yield the items of either kind, with a turn for the loop every hundred."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
        return
    for number, item in enumerate(items, start=1):
        yield item
        if number % _TURN == 0:
            await asyncio.sleep(0)


def _expire(waiter: asyncio.Future[None], timeout: float) -> None:
    if not waiter.done():
        waiter.set_exception(
            TimeoutError(f"operations are unfinished after {timeout} s")
        )
