"""The system's clock may be adjusted; nothing ends or ages for it."""

import asyncio

import pytest

from ephemeral_tasks import pool, result, submit, window
from ephemeral_tasks.core import Status
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.core.bodies import AdjustedClock

TEN_HOURS = 36_000.0


class PoolClock(AdjustedClock):
    """The pool's, moved from the test's thread."""

    def wait(self, seconds):
        """Move the pool's time."""
        moving = asyncio.run_coroutine_threadsafe(
            self.advance(seconds), pool.get().loop.loop
        )
        moving.result(PATIENCE_SECONDS)


@pytest.fixture
def clock():
    """The pool's clock."""
    clock = PoolClock()
    pool.reset(clock)
    return clock


@pytest.mark.parametrize("jump", [TEN_HOURS, -TEN_HOURS], ids=["forward", "back"])
def test_an_adjusted_clock_ends_nothing(clock, owner, hold, jump):
    """Neither what runs nor what has finished; and durations go on."""
    done = submit(owner, tasks.app_echo, "value")
    drain()
    submit(owner, tasks.app_held, hold, "held")
    hold.entered()

    clock.wait(60.0)
    clock.adjustment = jump
    clock.wait(60.0)  # four sweeps

    running, finished = window(owner)
    assert (running.status, finished.status) == (Status.RUNNING, Status.SUCCESSFUL)
    assert (running.elapsed_seconds, finished.elapsed_seconds) == (120.0, 0.0)
    assert running.expires_at.timestamp() - clock.time() == 3600.0
    assert result(owner, done.id) == "value"


@pytest.mark.parametrize("jump", [TEN_HOURS, -TEN_HOURS], ids=["forward", "back"])
def test_an_hour_is_an_hour_whatever_the_clock_shows(clock, owner, jump):
    """Idleness counts the seconds that passed."""
    submit(owner, tasks.app_echo, "value")
    drain()
    clock.adjustment = jump

    clock.wait(3590.0)
    assert len(pool.get().ledger.memory.of(owner)) == 1
    clock.wait(30.0)
    assert window(owner) == ()


@pytest.mark.parametrize("jump", [TEN_HOURS, -TEN_HOURS], ids=["forward", "back"])
def test_a_clock_put_right_again_has_changed_nothing(clock, owner, jump):
    """As when a machine wakes and asks for the time a moment later."""
    clock.adjustment = jump
    submit(owner, tasks.app_echo, "value")
    drain()
    clock.wait(30.0)
    clock.adjustment = 0.0
    clock.wait(30.0)

    (row,) = window(owner)
    assert row.status is Status.SUCCESSFUL
    assert row.expires_at.timestamp() - clock.time() == 3600.0
