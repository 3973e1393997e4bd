"""How long an operation still takes: estimates, rounding, words, calm."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from ephemeral_tasks import aask, pool, progress, submit
from ephemeral_tasks.pool.run_times import RunTimes
from ephemeral_tasks.submission import answer, cancel, row
from ephemeral_tasks.testing import drain
from ephemeral_tasks.time_left import in_words, settle
from tests.app import tasks
from tests.app.conftest import settle as settle_pool

# -- a running operation's own pace ----------------------------------------------------


@pytest.fixture
def make_report(task_clock, make_hold, owner):
    """Makes operations that have reported something after some seconds."""

    def make(seconds, done, total):
        before, after = make_hold(), make_hold()

        async def body():
            await before.stop()
            progress(done, total)
            await after.stop()

        handle = submit(owner, tasks.app_call, body)
        before.entered()
        task_clock.advance(seconds)
        before.open()
        after.entered()
        return handle

    return make


@pytest.mark.parametrize(
    ("seconds", "done", "total", "left"),
    [
        (10, 5, 20, 30),
        (2, 1, 10, 18),
        (3, 1, 100, 297),
        (60, 20, 20, 0),
        (60, 21, 20, 0),
        (2.9, 1, 100, None),
        (10, 0, 20, None),
        (10, 5, None, None),
        (10, -1, 20, None),
    ],
)
def test_the_own_pace_says_what_is_left(owner, make_report, seconds, done, total, left):
    """Once a tenth is done, or something after three seconds."""
    handle = make_report(seconds, done, total)

    seen = row(owner, handle.id)

    assert seen.eta_seconds == (None if left is None else pytest.approx(left))


def test_a_new_attempt_has_a_pace_of_its_own(task_clock, owner, make_hold):
    """Neither the time nor the progress of the attempt before counts."""
    first, second = make_hold(), make_hold()

    async def body():
        if not first.entries:
            progress(9, 10)
            await first.stop()
            raise ConnectionError
        await second.stop()

    handle = submit(owner, tasks.app_retried, body)
    first.entered()
    task_clock.advance(5)
    assert row(owner, handle.id).eta_seconds == pytest.approx(5 / 9)
    first.open()
    settle_pool()
    assert row(owner, handle.id).eta_seconds is None
    task_clock.advance(10)
    second.entered()
    task_clock.advance(5)

    seen = row(owner, handle.id)
    assert (seen.attempt, seen.progress, seen.eta_seconds) == (2, None, None)


def test_nothing_is_left_of_what_is_being_stopped(task_clock, owner, make_hold):
    """A plain body goes on until its next step, and nobody knows when that is."""
    hold = make_hold()

    def body():
        progress(5, 10)
        hold.stop_plain()

    handle = submit(owner, tasks.app_plain_call, body)
    hold.entered()
    task_clock.advance(5)
    assert row(owner, handle.id).eta_seconds == pytest.approx(5)

    cancel(owner, handle.id)

    assert row(owner, handle.id).eta_seconds is None


def test_time_that_the_owner_took_to_answer_does_not_count(
    task_clock, owner, make_hold
):
    """Nothing is said while a question is open, and its time belongs to nobody."""
    before, after = make_hold(), make_hold()

    async def body():
        await before.stop()
        progress(5, 10)
        await aask("Go on?", choices=["yes"])
        await after.stop()

    handle = submit(owner, tasks.app_call, body)
    before.entered()
    task_clock.advance(6)
    before.open()
    settle_pool()
    assert row(owner, handle.id).eta_seconds is None
    task_clock.advance(600)
    answer(owner, handle.id, 1, "yes")
    after.entered()

    assert row(owner, handle.id).eta_seconds == pytest.approx(6)
    after.open()
    drain()
    assert [*pool.get().ledger.run_times._by_task["app_call"]] == [6]


# -- run times of others ---------------------------------------------------------------


@pytest.fixture
def run_for(task_clock, make_hold, make_owner):
    """Runs the held task to its end, in so many seconds each."""

    def run(*seconds):
        for one in seconds:
            hold = make_hold()
            submit(make_owner(), tasks.app_held, hold)
            hold.entered()
            task_clock.advance(one)
            hold.open()
            drain()

    return run


@pytest.mark.parametrize(
    ("seconds", "left"),
    [
        ((10, 10), None),
        ((10, 20, 30), 20 - 5),
        ((10, 20, 41), None),
        ((10, 20, 40), 70 / 3 - 5),
        ((3, 4, 4), None),
    ],
)
def test_run_times_say_what_is_left(run_for, task_clock, owner, hold, seconds, left):
    """From the third on, if they are alike, until they are exceeded."""
    run_for(*seconds)
    handle = submit(owner, tasks.app_held, hold)
    hold.entered()
    task_clock.advance(5)

    seen = row(owner, handle.id)

    assert seen.eta_seconds == (None if left is None else pytest.approx(left))


def test_who_waits_sees_the_turns_before_it(
    settings, run_for, task_clock, make_owner, make_hold
):
    """The slots of the pool share them; a paused pool promises nothing."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 2}
    run_for(10, 10, 10)
    owners = [make_owner() for _ in range(5)]
    hold = make_hold()
    handles = [submit(owner, tasks.app_held, hold) for owner in owners]
    hold.entered(2)

    pairs = list(zip(owners, handles, strict=True))[2:]
    seen = [row(owner, handle.id) for owner, handle in pairs]
    assert [one.position for one in seen] == [1, 2, 3]
    assert [one.eta_seconds for one in seen] == [15, 20, 25]

    pool.pause()
    assert row(owners[2], handles[2].id).eta_seconds is None
    pool.resume()


def test_failed_runs_say_nothing(owner):
    """They end early, or late."""
    for _ in range(3):
        submit(owner, tasks.app_fails, "text")
        drain()

    assert pool.get().ledger.run_times.mean("app_fails") is None


def test_fifty_run_times_are_kept():
    """Of each task, the newest ones, whatever their number was."""
    times = RunTimes()
    for seconds in [*range(1000), *[7.0] * 50]:
        times.note("one", seconds)

    assert times.mean("one") == 7
    assert times.mean("other") is None
    assert len(times._by_task["one"]) == 50


# -- what pages show -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds left"),
        (9, "a few seconds left"),
        (14, "about 10 seconds left"),
        (54, "about 50 seconds left"),
        (56, "about 1 minute left"),
        (100, "about 2 minutes left"),
        (54 * 60, "about 54 minutes left"),
        (58 * 60, "about 60 minutes left"),
        (94 * 60, "about 90 minutes left"),
        (2 * 3600, "about 2 hours left"),
        (30 * 3600, "about 30 hours left"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds, words):
    """Rounded more, the longer they are."""
    assert in_words(settle(None, seconds, 1).seconds) == words


@pytest.mark.parametrize("language", ["de", "es", "fr"])
def test_every_duration_is_translated(language):
    """In each language of the package."""
    english = [in_words(seconds) for seconds in (5, 20, 60, 120, 7200)]
    with translation.override(language):
        translated = [in_words(seconds) for seconds in (5, 20, 60, 120, 7200)]

    assert not set(english) & set(translated)


def test_a_small_rise_is_not_shown():
    """Nor one that is smaller than what it has fallen before; the next fall is."""
    shown = []
    left = None
    for minutes in (10, 8, 9, 8, 7, 9, 6, 10, 9):
        left = settle(left, minutes * 60, 1)
        shown.append(left.seconds // 60)

    assert shown == [10, 8, 8, 8, 7, 7, 6, 10, 9]


def test_another_attempt_starts_anew():
    """Waiting and the first attempt are one, the second is another."""
    waiting = settle(settle(None, 600, 0), 300, 0)

    assert settle(waiting, 540, 1).seconds == 300
    assert settle(waiting, 540, 2).seconds == 540


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_what_is_shown_never_rises_by_less_than_it_had_fallen(estimates):
    """Whatever the estimates are."""
    left, highest, last = None, 0, None
    for seconds in estimates:
        left = settle(left, seconds, 1)
        if last is None or left.seconds > last:
            assert last is None or left.seconds - last >= highest - last
            highest = left.seconds
        last = left.seconds


def test_a_row_shows_calm_words(owner, make_report, task_clock):
    """The same on each page, whatever was asked in between."""
    handle = make_report(60, 5, 10)
    assert row(owner, handle.id).eta_text == "about 1 minute left"
    task_clock.advance(40)

    seen = row(owner, handle.id)

    assert seen.eta_seconds == pytest.approx(100)
    assert seen.eta_text == "about 2 minutes left"
    assert row(owner, handle.id) == seen
