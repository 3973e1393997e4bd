"""Named facts that bodies and coordinators emit, and what listens to them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from functools import partial

from .clock import Clock, LoopClock
from .errors import SignalLoop
from .log import log_error
from .recent import Recent
from .signal import Signal
from .snapshot import to_datetime
from .status import Status
from .subscriptions import Callback, Subscriptions
from .validation import check_at_least, check_seconds

_Mark = tuple[str, Hashable, str | None]
"""What makes a signal the same as another: its name, key and operation."""


_WAY = (
    "use loop.call_soon_threadsafe(hub.emit, name) with its own loop, or emit(name) "
    "of a coordinator that the pool hosts"
)
"""To a hub, from a thread or another loop."""


class SignalHub:
    """Takes signals and calls the listeners whose patterns match their names.

    Listeners are called at once, on the loop, in the order of their subscriptions;
    signals that they emit are delivered after the present one. So all listeners get
    all signals in one order. A hub belongs to the loop that uses it first, until that
    loop is closed; no lock protects it.

    ::

        hub = SignalHub()
        hub.subscribe("operation.fail*", print)
        async with WorkCoordinator(body, limit=4, hub=hub) as work:
            ...
    """

    def __init__(
        self,
        *,
        capacity: int = 1000,
        max_age: float | None = 60.0,
        max_depth: int = 10,
        clock: Clock | None = None,
    ) -> None:
        """Make a hub; nothing is subscribed yet.

        Args:
            capacity: How many signals ``recent`` remembers, at least 0.
            max_age: Seconds that it remembers one; None for no limit.
            max_depth: How many signals may follow from each other, listener by
                listener, at least 1.
            clock: Where the time comes from.

        Raises:
            ValueError: A bound is out of range.
        """
        check_at_least("capacity", capacity, 0)
        check_seconds("max_age", max_age)
        check_at_least("max_depth", max_depth, 1)
        self._clock = clock or LoopClock()
        self._max_depth = max_depth
        self._recent = Recent(size=capacity, max_age=max_age, clock=self._clock)
        self._subscriptions = Subscriptions()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pending: deque[tuple[Signal, tuple[_Mark, ...]]] = deque()
        """Signals to deliver, each with the marks of those it follows from, and its
        own."""
        self._chain: tuple[_Mark, ...] = ()
        """The marks of the signal that is delivered just now; else none."""
        self._is_delivering = False

    def emit(
        self,
        name: str,
        key: Hashable = None,
        *,
        operation_id: str | None = None,
        status: Status | None = None,
    ) -> Signal:
        """Remember a signal and call its listeners; their errors are logged.

        Args:
            name: By convention words with dots between, such as ``"rate.limited"``.
            key: What it is about; None for nothing in particular.
            operation_id: The operation that it is about.
            status: That operation's status.

        Raises:
            SignalLoop: A listener emits the signal that it was called for, or one more
                than ``max_depth`` allows; nothing was emitted.
            TypeError: The name is no text.
        """
        self._check_loop()
        if not isinstance(name, str):
            raise TypeError(f"name must be a str, got {name!r}")
        chain = self._extend(name, key, operation_id)
        signal = Signal(
            name=name,
            key=key,
            operation_id=operation_id,
            status=status,
            emitted_at=to_datetime(self._clock.time()),
            path=tuple([mark[0] for mark in chain[:-1]]),
        )
        self._recent.add(signal)
        if self._subscriptions:
            self._pending.append((signal, chain))
            if not self._is_delivering:
                self._deliver()
        return signal

    def subscribe(self, pattern: str, callback: Callback) -> Callable[[], None]:
        """Call back with each later signal whose name matches; return what ends that.

        A method is held weakly: the subscription ends with the method's object. A
        function is held until its subscription is ended. To await something, subscribe
        the ``submit_nowait`` of a coordinator.

        Args:
            pattern: A name, in which ``*`` stands for any text and ``?`` for one
                character.
            callback: A plain function of the signal.

        Raises:
            TypeError: The pattern is no text, or the callback no plain function.
        """
        if self._loop is not None:
            self._check_loop()
        return self._subscriptions.add(pattern, callback)

    def recent(self, pattern: str = "*") -> tuple[Signal, ...]:
        """Return the remembered signals whose names match, oldest first."""
        self._check_loop()
        return self._recent.matching(pattern)

    async def wait_for(self, pattern: str, timeout: float | None = None) -> Signal:
        """Return the next signal whose name matches; earlier ones do not count.

        Raises:
            TimeoutError: None came within ``timeout`` seconds.
        """
        self._check_loop()
        future = asyncio.get_running_loop().create_future()
        end = self.subscribe(pattern, partial(_set_result, future))
        timer = None
        if timeout is not None:
            timer = self._clock.call_later(timeout, _set_result, future, None)
        try:
            signal: Signal | None = await future
        finally:
            end()
            if timer is not None:
                timer.cancel()
        if signal is None:
            raise TimeoutError(f"no signal {pattern!r} came within {timeout} s")
        return signal

    def _extend(
        self, name: str, key: Hashable, operation_id: str | None
    ) -> tuple[_Mark, ...]:
        """Return the chain with one more signal.

        Raises:
            SignalLoop: The chain has this signal already, or is too long.
        """
        mark = name, key, operation_id
        if mark in self._chain or len(self._chain) >= self._max_depth:
            raise SignalLoop([*(mark[0] for mark in self._chain), name])
        return *self._chain, mark

    def _deliver(self) -> None:
        self._is_delivering = True
        try:
            while self._pending:
                signal, self._chain = self._pending.popleft()
                for subscription in self._subscriptions.matching(signal.name):
                    try:
                        subscription.call(signal)
                    except BaseException:  # SystemExit, too: the emitter goes on
                        name = signal.name
                        log_error("listener failed: signal=%s", name, exc_info=True)
        finally:
            self._is_delivering = False
            self._chain = ()

    def _check_loop(self) -> None:
        """Belong to the running loop, or raise RuntimeError."""
        loop = asyncio._get_running_loop()
        if loop is self._loop and loop is not None:
            return
        if loop is None:
            raise RuntimeError(
                f"a SignalHub must be used inside a running event loop; {_WAY}"
            )
        if self._loop is not None and not self._loop.is_closed():
            raise RuntimeError(f"this SignalHub belongs to another event loop; {_WAY}")
        self._loop = loop
        self._recent.restart()


def _set_result(future: asyncio.Future[Signal | None], signal: Signal | None) -> None:
    if not future.done():
        future.set_result(signal)
