"""Seeing bodies that block the loop, and bodies that do not end."""

import logging
import threading

import pytest

from ephemeral_tasks import cancel, pool, submit
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.pool import watchdog
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.conftest import on_loop, settle


class Lines(logging.Handler):
    """What was logged, to wait for."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.texts = []
        self._came = threading.Condition()

    def emit(self, record):
        with self._came:
            self.texts.append(record.getMessage())
            self._came.notify_all()

    def wait_for(self, word):
        """Wait for a line that contains the word and return it."""
        with self._came:
            assert self._came.wait_for(lambda: self.with_(word), PATIENCE_SECONDS)
        return self.with_(word)[0]

    def with_(self, word):
        """Return the lines that contain the word."""
        return [text for text in self.texts if word in text]


@pytest.fixture
def lines():
    """What the package logs as a warning or worse during this test."""
    handler = Lines()
    logger = logging.getLogger("ephemeral_tasks")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


# -- stuck bodies ----------------------------------------------------------------------


def test_a_body_that_goes_on_is_counted_and_named_once(
    task_clock, owner, make_hold, lines
):
    """Five seconds after it was told to end."""
    hold = make_hold()
    handle = submit(owner, tasks.app_plain_held, hold)
    hold.entered()
    cancel(owner, handle.id)

    task_clock.advance(4.9)
    assert pool.statistics().stuck == 0
    task_clock.advance(0.1)
    assert pool.statistics().stuck == 1
    task_clock.advance(60)

    (line,) = lines.with_("still runs")
    assert f"id={handle.id} task=app_plain_held" in line
    hold.open()
    drain()
    assert pool.statistics().stuck == 0


def test_an_async_body_that_swallows_cancellation_is_counted(
    task_clock, owner, make_hold, lines
):
    """It is as stuck as a thread."""
    hold = make_hold()
    handle = submit(owner, tasks.app_stubborn, hold)
    hold.entered()
    cancel(owner, handle.id)
    task_clock.advance(5)

    assert pool.statistics().stuck == 1
    hold.open()
    drain()
    assert pool.statistics().stuck == 0


def test_a_body_that_was_told_twice_is_named_once(task_clock, owner, make_hold, lines):
    """By its time-out, and then by its owner."""
    hold = make_hold()
    handle = submit(owner, tasks.app_plain_timed, hold)
    hold.entered()
    task_clock.advance(30)
    task_clock.advance(1)
    cancel(owner, handle.id)
    settle()
    task_clock.advance(60)

    assert len(lines.with_("still runs")) == 1


def test_a_body_that_ended_in_time_is_not_counted(task_clock, owner, make_hold, lines):
    """Most do."""
    hold = make_hold()
    handle = submit(owner, tasks.app_held, hold)
    hold.entered()
    cancel(owner, handle.id)
    drain()
    task_clock.advance(60)

    assert pool.statistics().stuck == 0
    assert lines.texts == []


def test_the_next_attempt_has_five_seconds_of_its_own(
    task_clock, owner, make_hold, lines
):
    """The first one's delay does not count against it."""
    hold = make_hold()
    submit(owner, tasks.app_plain_timed, hold)
    hold.entered()
    task_clock.advance(30)
    task_clock.advance(5)
    assert pool.statistics().stuck == 1
    hold.pass_one()
    hold.left()
    settle()

    assert pool.statistics().stuck == 0  # it waits for its second attempt
    task_clock.advance(1)
    hold.entered(2)
    task_clock.advance(30)
    task_clock.advance(4)
    assert pool.statistics().stuck == 0


def test_a_forgotten_body_is_still_counted(task_clock, owner, make_hold, lines):
    """Its owner sees it no more, the operator does."""
    hold = make_hold()
    submit(owner, tasks.app_plain_held, hold)
    hold.entered()
    for number in range(5):
        submit(owner, tasks.app_echo, number)
    settle()
    task_clock.advance(5)

    assert pool.statistics().stuck == 1


# -- a loop that is blocked ------------------------------------------------------------


def test_a_body_that_blocks_the_loop_is_named(settings, owner, lines):
    """With its duration, and what to do instead."""
    settings.EPHEMERAL_TASKS = {"LAG_WARNING_SECONDS": 0.05}
    is_seen = threading.Event()

    async def body():
        is_seen.wait(PATIENCE_SECONDS)  # until the watchdog has looked

    _tell_when_it_looks(is_seen)
    handle = submit(owner, tasks.app_call, body)

    line = lines.wait_for("blocked the loop")
    assert f"task app_call (operation {handle.id}) blocked the loop for " in line
    assert "use await, or a plain function" in line
    drain()


def _tell_when_it_looks(is_seen):
    dog = pool.get().watchdog
    who = dog._name_of_running

    def look():
        name = who()
        is_seen.set()
        return name

    dog._name_of_running = look


def test_a_loop_that_stays_blocked_is_named_before_it_ends(
    settings, owner, lines, monkeypatch
):
    """Nobody should wait for the end to be told."""
    settings.EPHEMERAL_TASKS = {"LAG_WARNING_SECONDS": 0.02}
    monkeypatch.setattr(watchdog, "_STALL_SECONDS", 0.05)
    is_named = threading.Event()

    async def body():
        is_named.wait(PATIENCE_SECONDS)

    submit(owner, tasks.app_call, body)
    line = lines.wait_for("has been blocking the loop")
    is_named.set()
    drain()

    assert "task app_call" in line
    assert len(lines.with_("block")) == 1


def test_a_stalled_pool_is_not_healthy(owner, monkeypatch):
    """Its loop has not turned for five seconds; here for a moment."""
    is_asked = threading.Event()
    is_blocked = threading.Event()
    submit(owner, tasks.app_echo, 1)
    drain()
    assert pool.is_healthy()

    async def body():
        is_blocked.set()
        is_asked.wait(PATIENCE_SECONDS)

    submit(owner, tasks.app_call, body)
    assert is_blocked.wait(PATIENCE_SECONDS)
    monkeypatch.setattr(watchdog, "_STALL_SECONDS", -1.0)
    assert not pool.is_healthy()
    assert pool.statistics().loop_lag_seconds >= 0
    monkeypatch.undo()
    is_asked.set()
    drain()


def test_a_loop_that_turns_is_not_named(settings, owner, hold, lines):
    """A body that waits blocks nobody."""
    settings.EPHEMERAL_TASKS = {"LAG_WARNING_SECONDS": 5.0}
    submit(owner, tasks.app_held, hold)
    hold.entered()
    on_loop(lambda: None)
    hold.open()
    drain()

    assert lines.texts == []


class Watched(threading.Event):
    """An event that tells when somebody waits for it."""

    def __init__(self):
        super().__init__()
        self.is_resting = threading.Event()

    def wait(self, timeout=None):
        if not self.is_set():
            self.is_resting.set()
        return super().wait(timeout)


def test_the_watchdog_rests_while_nothing_runs(owner):
    """An idle pool wakes nobody."""
    submit(owner, tasks.app_echo, 1)
    drain()
    dog = pool.get().watchdog

    watched = Watched()
    before, dog._is_busy = dog._is_busy, watched
    before.set()  # so that it looks once more, and then at the new one

    assert watched.is_resting.wait(PATIENCE_SECONDS)
