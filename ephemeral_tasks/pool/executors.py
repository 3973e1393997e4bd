"""Daemon-thread executors for async bodies' blocking calls; they never delay exit.

``concurrent.futures`` joins its own threads when the interpreter ends, however long
their calls take.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

_LINGER_SECONDS = 10.0  # how long a thread of the loop waits for another call

_Call = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class BodyExecutor(Executor):
    """An executor of one thread for one body; the first call starts it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: SimpleQueue[_Call | None] | None = None
        """Made with the thread, under the lock: two threads of the body may submit at
        once, and the first call must start one thread only."""

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        """Call the function in the body's own thread, after the calls before it."""
        future: Future[Any] = Future()
        with self._lock:
            if self._calls is None:
                calls: SimpleQueue[_Call | None] = SimpleQueue()
                _start(partial(_work, calls))  # raises while the interpreter shuts down
                self._calls = calls
            self._calls.put((future, fn, args, kwargs))
        return future

    def close(self, last: Callable[[], object]) -> None:
        """Make a last call in the thread, if there is one, and end it."""
        if self._calls is not None:  # without the lock: the body has ended
            self.submit(last)
            self._calls.put(None)


def _work(calls: SimpleQueue[_Call | None]) -> None:
    while (call := calls.get()) is not None:
        _do(*call)
        del call


class LoopExecutor(ThreadPoolExecutor):
    """The executor of ``asyncio.to_thread`` on the pool's loop.

    A ThreadPoolExecutor by name only, for a loop accepts no other.
    """

    def __init__(self) -> None:
        super().__init__()  # its threads would be started by its own submit()
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._lock = threading.Lock()
        self._alive = self._unfinished = 0
        """Threads and calls; changed under the lock, since the last thread to leave and
        the next call may meet."""

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        """Call the function in a thread, at most ``max_workers`` at once."""
        future: Future[Any] = Future()
        with self._lock:
            if self._alive < min(self._unfinished + 1, self._max_workers):
                self._start_thread()
            self._unfinished += 1
            self._calls.put((future, fn, args, kwargs))
        return future

    def _start_thread(self) -> None:
        try:
            _start(self._work)
        except RuntimeError:  # the system gives no more threads
            if not self._alive:
                raise
        else:
            self._alive += 1

    def _work(self) -> None:
        while (call := self._next()) is not None:
            _do(*call)
            del call
            with self._lock:
                self._unfinished -= 1

    def _next(self) -> _Call | None:
        try:
            return self._calls.get(timeout=_LINGER_SECONDS)
        except Empty:
            with self._lock:
                return self._take_last_or_leave()

    def _take_last_or_leave(self) -> _Call | None:
        try:
            return self._calls.get_nowait()  # it came meanwhile
        except Empty:
            self._alive -= 1
            return None


def _start(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="ephemeral-tasks-executor", daemon=True).start()


def _do(
    future: Future[Any],
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function(*args, **kwargs)
    except BaseException as error:  # SystemExit, too: its caller waits for it
        future.set_exception(error)
        # The error's traceback leads to this frame, and this to the error.
        del future, function, args, kwargs
    else:
        future.set_result(result)
