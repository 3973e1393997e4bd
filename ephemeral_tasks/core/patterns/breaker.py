"""A service that fails is left alone for a while."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from enum import StrEnum
from functools import wraps

from ..attempts import Body
from ..clock import Clock, LoopClock, TimerHandle, monotonic_of
from ..context import CURRENT
from ..errors import BreakerOpen, SignalLoop
from ..log import log_error
from ..matching import patterns_in
from ..operation import Item, Value
from ..signal import Signal
from ..signals import SignalHub
from ..validation import check_at_least, check_body, check_positive


class BreakerState(StrEnum):
    """Whether bodies may run: all, none, or one as a trial."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Breaker:
    """Refuses bodies for a while after several have failed, then runs one as a trial.

    Opens at the last of ``failures`` within ``within`` seconds, or by a signal. After
    ``open_seconds`` one body runs as a trial: the breaker closes if it ends well, and
    opens again if it fails. Meanwhile other bodies are refused, or wait. Belongs to the
    loop of the bodies; no lock protects it.

    ::

        breaker = Breaker(failures=5, within=30, open_seconds=60)
        async with WorkCoordinator(breaker.guard(call_service), limit=4) as work:
            ...
    """

    def __init__(
        self,
        *,
        failures: int = 5,
        within: float = 30.0,
        open_seconds: float = 30.0,
        errors: tuple[type[BaseException], ...] = (Exception,),
        defers: bool = False,
        hub: SignalHub | None = None,
        open_on: str | Iterable[str] = (),
        name: str = "breaker",
        clock: Clock | None = None,
    ) -> None:
        """Make a breaker that is closed.

        Args:
            failures: How many open it, at least 1.
            within: Seconds within which they must have been.
            open_seconds: Seconds until the next trial.
            errors: The errors that count.
            defers: Whether bodies wait while it is open, in their slots; else they fail
                with BreakerOpen.
            hub: Gets ``<name>.opened``, ``<name>.half_opened`` and ``<name>.closed``.
            open_on: Signals that open it, by patterns of their names.
            name: What its signals' names begin with.
            clock: Where the time comes from.

        Raises:
            TypeError, ValueError: An argument is of the wrong kind or out of range.
        """
        check_at_least("failures", failures, 1)
        check_positive("within", within)
        check_positive("open_seconds", open_seconds)
        self._within = within
        self._open_seconds = open_seconds
        self._errors = errors
        self._defers = defers
        self._hub = hub
        self._name = name
        self._clock = clock or LoopClock()
        self._monotonic = monotonic_of(self._clock)
        self._state = BreakerState.CLOSED
        self._failures: deque[float] = deque(maxlen=failures)
        """When the newest were, by the monotonic clock; kept while it is closed."""
        self._trial: object | None = None
        """The body that runs as a trial; None while there is none."""
        self._timer: TimerHandle | None = None
        self._half_open_time = 0.0
        """When the next trial may run, by the monotonic clock; while it is open."""
        self._changed: asyncio.Event | None = None
        """Set at the next change of its state, or at a trial's end; None while no body
        waits."""
        for pattern in patterns_in("open_on", open_on):
            if hub is None:
                raise ValueError("open_on needs a hub")
            hub.subscribe(pattern, self._on_signal)

    @property
    def state(self) -> BreakerState:
        """Whether bodies may run."""
        return self._state

    def guard(self, body: Body[Item, Value]) -> Body[Item, Value]:
        """Return a body that runs the given one unless the breaker refuses it.

        Raises:
            TypeError: The body is no coroutine function.
        """
        check_body(body)

        @wraps(body)
        async def guarded(item: Item) -> Value:
            trial = await self._enter()
            try:
                value = await body(item)
            except self._errors:
                self._on_failure(trial)
                raise
            except BaseException:  # cancelled, or an error that does not count
                if _is_timed_out():
                    self._on_failure(trial)
                else:
                    self._end_trial(trial)
                raise
            self._on_success(trial)
            return value

        return guarded

    def open(self) -> None:
        """Refuse all bodies for ``open_seconds`` from now on."""
        self._stop_timer()
        was_open = self._state is BreakerState.OPEN
        self._half_open_time = self._monotonic() + self._open_seconds
        self._timer = self._clock.call_later(self._open_seconds, self._half_open)
        self._failures.clear()
        self._change(BreakerState.OPEN)
        if not was_open:
            self._emit("opened")

    def close(self) -> None:
        """Refuse no body from now on."""
        self._stop_timer()
        self._failures.clear()
        was_closed = self._state is BreakerState.CLOSED
        self._change(BreakerState.CLOSED)
        if not was_closed:
            self._emit("closed")

    def _half_open(self) -> None:
        self._timer = None
        self._change(BreakerState.HALF_OPEN)
        self._emit("half_opened")

    # -- bodies ------------------------------------------------------------------------

    async def _enter(self) -> object | None:
        """Return when a body may run: None, or what marks it as the trial.

        Raises:
            BreakerOpen: It may not run now, and does not wait.
        """
        while self._state is not BreakerState.CLOSED:
            if self._state is BreakerState.HALF_OPEN and self._trial is None:
                self._trial = object()
                return self._trial
            if not self._defers:
                raise BreakerOpen(retry_after_seconds=self._left_seconds())
            if self._changed is None:
                self._changed = asyncio.Event()
            await self._changed.wait()
        return None

    def _left_seconds(self) -> float:
        return max(0.0, self._half_open_time - self._monotonic())

    def _on_failure(self, trial: object | None) -> None:
        """Count a failure; only the trial's counts while the breaker is not closed."""
        if self._state is BreakerState.CLOSED:
            now = self._monotonic()
            self._failures.append(now)
            is_full = len(self._failures) == self._failures.maxlen
            if is_full and now - self._failures[0] <= self._within:
                self.open()
        elif self._is_present(trial):
            self.open()

    def _on_success(self, trial: object | None) -> None:
        if self._is_present(trial):
            self.close()

    def _end_trial(self, trial: object | None) -> None:
        """Make the next body the trial: this one has shown nothing."""
        if self._is_present(trial):
            self._change(BreakerState.HALF_OPEN)

    def _is_present(self, trial: object | None) -> bool:
        """Return whether it is the trial that decides, and none of an earlier time."""
        return trial is not None and trial is self._trial

    # -- changes -----------------------------------------------------------------------

    def _change(self, state: BreakerState) -> None:
        self._state = state
        self._trial = None
        changed, self._changed = self._changed, None
        if changed is not None:
            changed.set()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _emit(self, event: str) -> None:
        if self._hub is None:
            return
        try:
            self._hub.emit(f"{self._name}.{event}")
        except SignalLoop:  # the state has changed all the same
            log_error("signal was not emitted: %s.%s", self._name, event, exc_info=True)

    def _on_signal(self, signal: Signal) -> None:
        # Its own signal may match: opening again would only move the time.
        if self._state is not BreakerState.OPEN:
            self.open()


def _is_timed_out() -> bool:
    """Return whether a coordinator interrupted this body for its time-out."""
    context = CURRENT.get()
    return context is not None and context.is_timed_out
