"""Whatever raises in code that is not ours, the pool goes on.

Each fault of the table raises where the pool calls code of a site: bodies and their
errors, policies, labels, logging, receivers of signals, the cache, the clock.
"""

import logging
import threading
from contextlib import suppress

import pytest
from django import forms
from django.utils.functional import lazy

from ephemeral_tasks import TaskFailed, aask, ask, pool, signals, submit, task
from ephemeral_tasks.compat import task_enqueued, task_finished, task_started
from ephemeral_tasks.core import LoopClock, Status
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.pool.coordinators import coordinator
from ephemeral_tasks.submission import answer, row, window
from ephemeral_tasks.testing import Hold, cancel_all, drain
from tests.app import tasks
from tests.app.caches import Boom, BrokenCache
from tests.app.conftest import on_loop

OWNER, NEXT = "a" * 32, "b" * 32


def boom(*args, **kwargs):
    """Raise an ordinary error."""
    raise Boom


def leave(*args, **kwargs):
    """Raise what would end a thread or a loop."""
    raise SystemExit


# -- errors of bodies ------------------------------------------------------------------


class WithoutMessage(TaskFailed):
    """A subclass that does not call TaskFailed's own __init__."""

    def __init__(self, engine):
        self.engine = engine


class Unspeakable(TaskFailed):
    """An error that has no text."""

    __str__ = __repr__ = boom


class Leaving(TaskFailed):
    """An error whose message ends a thread."""

    message = property(leave)

    def __init__(self):
        """Keep no message."""


class NeverAsked(type):
    """A class of errors that may not be compared with."""

    __instancecheck__ = boom


class Uncomparable(Exception, metaclass=NeverAsked):
    """What an attempt is to be repeated for."""


UNREADABLE, LEAVING = lazy(boom, str)(), lazy(leave, str)()


class Unsizable:
    """What cannot be pickled, for a reason that ends a thread."""

    __reduce__ = leave


def raising(error):
    """Return a function that raises the error."""

    def function():
        raise error

    return function


def a_body(make_error):
    """Return faults of an async and of a plain body."""

    def fault(_):
        async def body():
            raise make_error()

        submit(OWNER, tasks.app_call, body)

    def plain_fault(_):
        submit(OWNER, tasks.app_plain_call, raising(make_error()))

    return fault, plain_fault


def a_value(_):
    """A result whose size cannot be told."""

    async def body():
        return Unsizable()

    submit(OWNER, tasks.app_call, body)


# -- policies --------------------------------------------------------------------------

answers = {}


def backoff(attempt, error):
    """Do what the fault says."""
    return answers["backoff"](attempt, error)


@task(max_attempts=2, backoff=backoff)
async def fault_retried():
    """Fail, to be tried again."""
    raise Boom


@task(max_attempts=2, retry_on=(Uncomparable,))
async def fault_uncomparable():
    """Fail, with an error that is compared."""
    raise Boom


@task(max_attempts=2, backoff=lambda attempt, error: 0.01)
async def fault_soon():
    """Fail twice."""
    raise Boom


@task(timeout=3600)
async def fault_timed():
    """Fail, with a time-out of an hour."""
    raise Boom


def a_backoff(answer):
    """Return a fault whose pause is no number of seconds."""

    def fault(_):
        answers["backoff"] = answer
        submit(OWNER, fault_retried)

    return fault


def a_comparison(_):
    """An error that is not to be compared."""
    submit(OWNER, fault_uncomparable)


# -- what is refused -------------------------------------------------------------------


@task(label=lambda text: boom(), shown=("text",))
async def fault_labelled(text):
    """Return; computing its label raises."""


@task(label=leave)
async def fault_leaving_label():
    """Return; computing its label raises SystemExit."""


@task(shown=("text",))
async def fault_shown(text):
    """Show an argument."""


def a_submission(task, *args):
    """Return a fault that raises in the submitter."""

    def fault(_):
        with pytest.raises((Boom, SystemExit)):
            submit(OWNER, task, *args)

    return fault


def a_cache(*names):
    """Return a fault of a cache that is away while something is submitted."""

    def fault(patch):
        patch.setattr(BrokenCache, "broken", names)
        with suppress(Boom):
            submit(OWNER, tasks.app_plain_call, boom)
        patch.setattr(BrokenCache, "broken", ())

    return fault


# -- those that are told ---------------------------------------------------------------


def a_listener(listen):
    """Return a fault of who listens to changes of windows."""

    def fault(patch):
        patch.setattr(signals, "_listeners", ())
        signals.connect(changed=listen, ended=listen)
        submit(OWNER, fault_soon)
        drain()

    return fault


def a_receiver(receive):
    """Return a fault of who receives Django's signals."""

    def fault(_):
        every = (task_enqueued, task_started, task_finished)
        for signal in every[1:]:
            signal.connect(receive)
        fault_soon.enqueue()
        drain()
        for signal in every:
            signal.disconnect(receive)

    return fault


class BrokenHandler(logging.Handler):
    """A handler that raises."""

    def __init__(self, raises):
        super().__init__()
        self.emit = raises


def a_log(raises, *, is_filter=False):
    """Return a fault of a site's logging, while listeners fail, too."""

    def fault(patch):
        logger = logging.getLogger("ephemeral_tasks")
        broken = BrokenHandler(logging.Handler.emit if is_filter else raises)
        if is_filter:
            broken.addFilter(raises)
        patch.setattr(logger, "handlers", [broken])
        answers["backoff"] = boom
        a_listener(boom)(patch)
        submit(OWNER, fault_retried)
        drain()

    return fault


def a_blocked_loop(raises):
    """Return a fault of the log while the watchdog names a body."""

    def fault(patch):
        named = threading.Event()

        def emit(record):
            named.set()
            raises()

        logger = logging.getLogger("ephemeral_tasks")
        patch.setattr(logger, "handlers", [BrokenHandler(emit)])
        patch.setattr("ephemeral_tasks.pool.watchdog._STALL_SECONDS", 0.05)

        async def body():
            named.wait(PATIENCE_SECONDS)
            raise Boom

        submit(OWNER, tasks.app_call, body)
        drain()

    return fault


class BrokenClock(LoopClock):
    """A clock that sets no timer for operations."""

    def call_later(self, delay, callback, *args):
        """Raise, but for the sweep."""
        if callback.__name__ != "_begin":
            raise Boom
        return super().call_later(delay, callback, *args)


def a_clock(body):
    """Return a fault of the clock: no pause, no time-out."""

    def fault(_):
        pool.reset(BrokenClock())
        submit(OWNER, body)

    return fault


def a_clock_that_does_not_warn(_):
    """No timer for a body that was told to end."""
    pool.reset(BrokenClock())
    hold = Hold()
    for body in (tasks.app_held, tasks.app_plain_held):
        submit(OWNER, body, hold)
    with suppress(AssertionError):
        cancel_all(0.1)
    hold.open()


@coordinator("fault", limit=1, max_attempts=2, backoff=backoff, on_change=leave)
async def fault_hosted(item):
    """Fail, while who watches does."""
    raise Boom


def a_hosted_coordinator(answer):
    """Return a fault of a named coordinator's options."""

    def fault(_):
        answers["backoff"] = answer
        operations = [fault_hosted.submit(number) for number in range(3)]
        for operation in operations:
            with pytest.raises(Boom):
                operation.result(PATIENCE_SECONDS)

    return fault


@task(timeout=3600)
async def fault_asking():
    """Ask for an hour, and let no answer pass."""
    await aask("Well?", choices=["a"], timeout=3600)


@task(timeout=3600)
def fault_plain_asking():
    """Ask for an hour from a thread."""
    ask("Well?", choices=["a"], timeout=3600)


class ClockWithoutSecondTimer(LoopClock):
    """A clock that sets no timer but an attempt's first."""

    timers = 0

    def call_later(self, delay, callback, *args):
        """Raise from the second timer on, but for the sweep."""
        self.timers += getattr(callback, "__name__", "") != "_begin"
        if self.timers > 1:
            raise Boom
        return super().call_later(delay, callback, *args)


def a_question_without_a_timer(body):
    """Return a fault of the clock while a body asks."""

    def fault(_):
        pool.reset(ClockWithoutSecondTimer())
        submit(OWNER, body)

    return fault


class UnreadableForm(forms.Form):
    """A form whose validation raises."""

    clean = boom


def an_answer(_):
    """A form whose validation raises; the question stays open."""

    async def body():
        await aask("Well?", form=UnreadableForm)

    handle = submit(OWNER, tasks.app_call, body)
    while row(OWNER, handle.id).question is None:
        on_loop(lambda: None)
    with pytest.raises(Boom):
        answer(OWNER, handle.id, 1, data={})
    assert row(OWNER, handle.id).question is not None
    cancel_all()


FAULTS = {
    "an error without a message": a_body(lambda: WithoutMessage("apertium")),
    "an error without a text": a_body(lambda: Unspeakable("content")),
    "an error whose message leaves": a_body(Leaving),
    "an error with an unreadable message": a_body(lambda: TaskFailed(UNREADABLE)),
    "an error with a message that leaves": a_body(lambda: TaskFailed(LEAVING)),
    "an error that leaves": a_body(SystemExit),
    "a value without a size": [a_value],
    "a backoff that raises": [a_backoff(boom)],
    "a backoff that leaves": [a_backoff(leave)],
    "a backoff that is not a number": [a_backoff(lambda *_: float("nan"))],
    "a backoff without end": [a_backoff(lambda *_: float("inf"))],
    "a backoff in words": [a_backoff(lambda *_: "soon")],
    "a comparison that raises": [a_comparison],
    "a label that raises": [a_submission(fault_labelled, "text")],
    "a label that leaves": [a_submission(fault_leaving_label)],
    "a shown value without a text": [a_submission(fault_shown, Unspeakable("content"))],
    "a cache that does not look": [a_cache("get")],
    "a cache that does not write": [a_cache("set")],
    "a cache that does not know": [a_cache("has_key")],
    "a cache that is away": [a_cache("get", "set", "has_key", "delete")],
    "a listener that raises": [a_listener(boom)],
    "a listener that leaves": [a_listener(leave)],
    "a receiver that raises": [a_receiver(boom)],
    "a receiver that leaves": [a_receiver(leave)],
    "a log handler that raises": [a_log(boom)],
    "a log handler that leaves": [a_log(leave)],
    "a log filter that raises": [a_log(boom, is_filter=True)],
    "a log that raises for the watchdog": [a_blocked_loop(boom)],
    "a log that leaves for the watchdog": [a_blocked_loop(leave)],
    "a clock without a pause": [a_clock(fault_soon)],
    "a clock without a time-out": [a_clock(fault_timed)],
    "a clock that does not warn": [a_clock_that_does_not_warn],
    "a clock that ends no question": [
        a_question_without_a_timer(fault_asking),
        a_question_without_a_timer(fault_plain_asking),
    ],
    "an answer that cannot be validated": [an_answer],
    "a coordinator whose backoff raises": [a_hosted_coordinator(boom)],
    "a coordinator whose backoff leaves": [a_hosted_coordinator(leave)],
}
CASES = [
    pytest.param(fault, id=f"{name} {number or ''}".strip())
    for name, faults in FAULTS.items()
    for number, fault in enumerate(faults)
]


@pytest.fixture(autouse=True)
def narrow(settings):
    """One slot, so that one that is not given back is missed."""
    settings.EPHEMERAL_TASKS = {
        "CACHE_ALIAS": "broken",
        "LAG_WARNING_SECONDS": 0.02,
        "MAX_RUNNING": 1,
    }
    settings.CACHES = {
        **settings.CACHES,
        "broken": {
            "BACKEND": "tests.app.caches.BrokenCache",
            "LOCATION": "faults",
        },
    }
    settings.TASKS = {
        "default": {"BACKEND": "ephemeral_tasks.backends.PoolBackend", "QUEUES": []}
    }


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("fault", CASES)
def test_the_pool_goes_on(fault):
    """What failed is over, its slot is free, and everything that serves it lives."""
    with pytest.MonkeyPatch.context() as patch:
        fault(patch)
        drain()

    for one in window(OWNER):
        assert one.status in (Status.FAILED, Status.CANCELLED)
        assert one.error is None or one.error.message
    check_that_all_goes_on()


def check_that_all_goes_on():
    """The next ones run, async and plain, and the books agree."""
    for body in (tasks.app_echo, tasks.app_plain_echo):
        submit(NEXT, body, 1)
        drain()
    mine = pool.get()
    assert [row.status for row in window(NEXT)] == [Status.SUCCESSFUL] * 2
    assert on_loop(lambda: "the inbox wakes the loop") is not None
    assert {"ephemeral-tasks", "ephemeral-tasks-watchdog"} <= {
        thread.name for thread in threading.enumerate()
    }
    assert pool.statistics().running == 0
    assert pool.is_healthy()
    mine.ledger.check()
