"""The last 15 minutes in numbers: samples of 5 s, and times by task."""

import sys

import pytest

from ephemeral_tasks import QueueFull, cancel, pool, submit
from ephemeral_tasks.pool.samples import KEPT_SAMPLES, SAMPLE_SECONDS
from ephemeral_tasks.pool.task_times import TaskTimes
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.conftest import settle

ECHO = tasks.app_echo.name


def samples():
    """The pool's samples, oldest first."""
    return pool.get().samples.read()


def test_a_sample_counts_what_happened_in_its_five_seconds(
    task_clock, settings, owner, make_owner, hold
):
    """What happened before it is not in it, and how things stand at its end is."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "MAX_WAITING": 1}
    submit(owner, tasks.app_echo, 1)
    drain()
    task_clock.advance(SAMPLE_SECONDS)
    submit(owner, tasks.app_held, hold)
    waiting = submit(make_owner(), tasks.app_echo, 1)
    with pytest.raises(QueueFull):
        submit(make_owner(), tasks.app_echo, 1)
    hold.entered()
    task_clock.advance(SAMPLE_SECONDS)

    first, second = samples()

    assert (first.started, first.successful, first.refused) == (1, 1, 0)
    assert (second.started, second.successful, second.refused) == (1, 0, 1)
    assert (first.running, second.running) == (0, 1)
    assert (first.waiting, second.waiting) == (0, 1)
    assert second.longest_wait_seconds == SAMPLE_SECONDS
    assert waiting.id


def test_a_wait_that_ended_counts_in_the_sample_of_its_start(
    task_clock, settings, owner, hold
):
    """Also when nothing waits any more at the sample's end."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    submit(owner, tasks.app_held, hold)
    submit(owner, tasks.app_echo, 1)
    task_clock.advance(4)
    hold.open()
    drain()
    task_clock.advance(1)
    task_clock.advance(SAMPLE_SECONDS)

    assert [one.longest_wait_seconds for one in samples()] == [4.0, 0.0]


def test_fifteen_minutes_are_kept(task_clock):
    """And no more, in a few tens of KiB."""
    pool.get()
    settle()
    task_clock.advance(20 * 60)

    kept = samples()

    assert len(kept) == KEPT_SAMPLES == 180
    parts = (kept[0], kept[0].refused_by_reason, kept[0].longest_wait_seconds)
    assert len(kept) * sum(map(sys.getsizeof, parts)) < 60 * 1024


def test_ends_of_each_kind_are_counted_apart(task_clock, owner, hold):
    """Well, with an error, and by a cancel."""
    submit(owner, tasks.app_echo, 1)
    submit(owner, tasks.app_fails, "x")
    held = submit(owner, tasks.app_held, hold)
    hold.entered()
    cancel(owner, held.id)
    drain()
    task_clock.advance(SAMPLE_SECONDS)

    (sample,) = samples()

    assert (sample.successful, sample.failed, sample.cancelled) == (1, 1, 1)


def test_times_of_a_task_are_known_within_19_percent(
    task_clock, settings, owner, make_owner, hold
):
    """Half of its operations and 95 % of them waited and ran no longer."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    submit(owner, tasks.app_held, hold)
    submit(owner, tasks.app_echo, 1)
    hold.entered()
    task_clock.advance(10)
    hold.open()
    drain()

    echo, held = sorted(pool.statistics().tasks, key=lambda one: one.task)

    assert (held.task, echo.task) == (tasks.app_held.name, ECHO)
    assert (held.started, held.ended) == (1, 1)
    assert 10 <= held.run_p50_seconds <= 11.9
    assert held.wait_p95_seconds <= 0.001
    assert 10 <= echo.wait_p50_seconds == echo.wait_p95_seconds <= 11.9
    assert echo.run_p95_seconds <= 0.001


def test_times_are_forgotten_after_fifteen_minutes(task_clock, owner):
    """A task without newer ones is not listed."""
    submit(owner, tasks.app_echo, 1)
    drain()
    task_clock.advance(14 * 60)
    assert [one.task for one in pool.statistics().tasks] == [ECHO]

    task_clock.advance(2 * 60)

    assert pool.statistics().tasks == ()


def test_the_rank_of_a_percentile_is_exact():
    """Of 20 times 19 are within the 95th percentile's bound, and one is above."""
    times = TaskTimes()
    for _ in range(19):
        times.note_start("a", 1.0)
    times.note_start("a", 100.0)

    (found,) = times.statistics()

    assert 1 <= found.wait_p95_seconds < 1.2
    times.note_start("a", 100.0)
    assert times.statistics()[0].wait_p95_seconds > 100


def test_times_above_the_last_bound_are_counted():
    """As if they were at it."""
    times = TaskTimes()
    times.note_end("a", 1e9)

    assert 3600 < times.statistics()[0].run_p95_seconds < 1e5


def test_tasks_beyond_the_fiftieth_share_a_name():
    """So that names made by a program take no more memory than 50 tasks do."""
    times = TaskTimes()
    for number in range(200):
        times.note_start(f"task_{number}", 1.0)
        if number % 20 == 0:
            times.begin_minute()

    found = {one.task: one.started for one in times.statistics()}

    assert len(found) == 51
    assert found[""] == 150


def test_a_restarted_pool_knows_nothing_of_the_former(owner):
    """The numbers are the pool's own."""
    submit(owner, tasks.app_echo, 1)
    drain()
    pool.reset()

    assert pool.statistics().tasks == ()


def test_a_process_without_operations_counts_nothing():
    """There is no timer and no ring before the pool's first use."""
    pool.reset()

    assert pool.current() is None
