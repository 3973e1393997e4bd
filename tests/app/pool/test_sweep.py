"""Forgetting without anybody's visit, in slices."""

import logging

import pytest

from ephemeral_tasks import (
    pool,
    submit,
    window,
    windows,
)
from ephemeral_tasks.pool import sweep
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.conftest import on_loop, settle


def kept():
    """Return the ids that the pool keeps."""
    return set(pool.get().ledger.memory._operations)


def test_an_idle_window_goes_without_traffic(task_clock, make_owner):
    """At most SWEEP_SECONDS after its hour has passed."""
    for _ in range(3):
        submit(make_owner(), tasks.app_echo, 1)
    drain()
    assert len(kept()) == 3

    task_clock.advance(3600 + 30)

    assert kept() == set()


def test_what_still_runs_is_cancelled_with_its_window(task_clock, owner, hold):
    """Nobody would ever see its result."""
    submit(owner, tasks.app_held, hold)
    hold.entered()

    task_clock.advance(3600 + 30)

    hold.left()
    drain()
    assert pool.statistics().cancelled == 1


def test_a_living_window_stays(task_clock, owner):
    """The sweep looks at it and changes nothing."""
    handle = submit(owner, tasks.app_echo, 1)
    drain()
    for _ in range(4):
        task_clock.advance(1000)
        window(owner)

    assert kept() == {handle.id}


def test_its_owner_gets_word_of_what_went(task_clock, owner, nudges):
    """An open table empties itself."""
    submit(owner, tasks.app_echo, 1)
    drain()
    heard = len(nudges.changed)

    task_clock.advance(3600 + 30)

    assert nudges.changed[heard:] == [owner]


def test_the_pause_between_sweeps_is_a_setting(settings, task_clock, owner):
    """SWEEP_SECONDS is how long something may outlive its handle."""
    settings.EPHEMERAL_TASKS = {"SWEEP_SECONDS": 600, "IDLE_SECONDS": 60}
    submit(owner, tasks.app_echo, 1)
    drain()

    task_clock.advance(299)
    assert len(kept()) == 1
    task_clock.advance(1)
    assert kept() == set()


def test_the_loop_turns_between_two_slices(
    settings, task_clock, make_owner, monkeypatch
):
    """However many windows there are, nothing waits for all of them."""
    settings.EPHEMERAL_TASKS = {"IDLE_SECONDS": 60, "SWEEP_SECONDS": 200}
    monkeypatch.setattr(sweep, "_SLICE_SECONDS", 0.0)
    for _ in range(10):
        submit(make_owner(), tasks.app_echo, 1)
    drain()
    left = []

    def watch():
        left.append(len(kept()))
        if left[-1]:
            pool.get().loop.loop.call_soon(watch)

    def expire():
        task_clock._clock._now += 100
        pool.get().sweep._begin()
        watch()

    on_loop(expire)
    settle(50)

    assert left == [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]


def test_a_slice_takes_many_windows(settings, task_clock, make_owner, monkeypatch):
    """As many as fit into its time."""
    settings.EPHEMERAL_TASKS = {"IDLE_SECONDS": 60, "SWEEP_SECONDS": 200}
    monkeypatch.setattr(sweep, "_SLICE_SECONDS", 60.0)
    for _ in range(10):
        submit(make_owner(), tasks.app_echo, 1)
    drain()

    def expire():
        task_clock._clock._now += 100
        pool.get().sweep._begin()

    on_loop(expire)  # the slice is the loop's next turn

    assert on_loop(lambda: len(kept())) == 0


def test_a_cache_that_fails_does_not_end_the_sweep(
    task_clock, owner, monkeypatch, caplog
):
    """The next one asks again; one line says so, without an owner's key."""
    submit(owner, tasks.app_echo, 1)
    drain()

    def fail(owner):
        raise ConnectionError(owner)

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(windows, "_load", fail)
        task_clock.advance(15)
    assert [one.getMessage() for one in caplog.records] == [
        "the sweep stopped: ConnectionError"
    ]

    task_clock.advance(3600 + 30)
    assert kept() == set()


@pytest.mark.parametrize("names", ["cache", "pool"])
def test_if_either_forgets_the_other_follows(task_clock, owner, names):
    """The cache holds names, the pool holds work."""
    handle = submit(owner, tasks.app_echo, 1)
    other = submit(owner, tasks.app_echo, 2)
    drain()
    if names == "cache":
        windows.keep(owner, [other.id])
    else:
        pool.get().forget(pool.get().ledger.memory.get(handle.id))

    task_clock.advance(15)

    assert kept() == {other.id}
    handles = windows.read(owner, touch=False).handles
    assert [one.id for one in handles] == [other.id]
