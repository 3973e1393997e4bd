"""The pool's own threads, where plain functions run."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from django.db import close_old_connections

from ..core.errors import Closed

Post = Callable[..., None]


class Raised(Exception):
    """Carries an error that a future refuses or that would end the pool's loop."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def carry(error: BaseException) -> BaseException:
    """Return the error, wrapped if a future or the loop would not pass it on."""
    if isinstance(error, StopIteration | SystemExit | KeyboardInterrupt):
        return Raised(error)
    return error


def uncarry(error: BaseException) -> BaseException:
    """Return the error that the body raised."""
    return error.error if isinstance(error, Raised) else error


_Job = tuple[contextvars.Context, Callable[[], Any], "asyncio.Future[Any]"]


class Threads:
    """Daemon threads, as many as functions have run at once.

    Daemon, so that a body that never returns cannot hold up the interpreter's exit.
    ``run`` belongs to the pool's loop; results come back through ``post``.
    """

    def __init__(self, post: Post, *, limit: int | None = None) -> None:
        """Make no thread yet, and never more than ``limit``; 1 keeps the order."""
        self._post = post
        self._limit = limit
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        """Grows under the lock."""
        self._busy = 0
        """How many jobs are under way; on the loop."""

    def reserve(self, count: int) -> None:
        """Start threads until there are at least so many; from any thread.

        They are made when work is accepted, by its submitter: while the interpreter
        shuts down, CPython 3.12 starts no thread, and the drain needs them.

        Raises:
            RuntimeError: The system gives no more.
        """
        wanted = count if self._limit is None else min(count, self._limit)
        if len(self._threads) >= wanted:
            return
        with self._lock:  # or two submitters would start one thread too many
            while len(self._threads) < wanted:
                name = f"ephemeral-tasks-{len(self._threads) + 1}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                thread.start()
                self._threads.append(thread)

    def run(
        self, context: contextvars.Context, function: Callable[[], Any]
    ) -> asyncio.Future[Any]:
        """Call the function in a thread; the future gets its outcome."""
        future = asyncio.get_running_loop().create_future()
        try:
            self.reserve(self._busy + 1)
        except RuntimeError:  # the system gives no more threads
            if not self._threads:
                raise
        self._busy += 1
        self._jobs.put((context, function, future))
        return future

    def close(self, timeout: float = 0.0) -> None:
        """End each thread after its last job; wait at most ``timeout`` seconds."""
        until = time.monotonic() + timeout
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        # Each job has a frame of its own: a thread that waits refers to nothing.
        while (job := self._jobs.get()) is not None:
            self._do(job)
            del job

    def _do(self, job: _Job) -> None:
        context, function, future = job
        outcome = _call(context, function)
        with suppress(Closed):  # the pool has ended, and no body waits
            self._post(self._on_done, future, *outcome)
        # An error's traceback leads to this frame, and these lead to the error.
        del job, future, outcome

    def _on_done(
        self, future: asyncio.Future[Any], value: Any, error: BaseException | None
    ) -> None:
        self._busy -= 1
        if future.cancelled():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(carry(error))


def _call(
    context: contextvars.Context, function: Callable[[], Any]
) -> tuple[Any, BaseException | None]:
    """Call the function; the thread's old database connections are closed around it.

    This frame is in an error's traceback, so it refers to no future: that refers to
    the error, and the two would stay until the garbage collector comes.
    """
    try:
        close_old_connections()
        try:
            return context.run(function), None
        finally:
            close_old_connections()
    except BaseException as error:  # SystemExit, too, must not end the thread
        return None, error
