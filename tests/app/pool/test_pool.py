"""The process's pool: bounds, order, threads, contexts."""

import contextvars
import os
import sys
import threading

import pytest
from django.utils import translation

from ephemeral_tasks import (
    QueueFull,
    WindowFull,
    aresult,
    cancel,
    current_operation,
    pool,
    progress,
    result,
    submit,
    window,
)
from ephemeral_tasks.core import Status
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.submission import row
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.conftest import on_loop, settle

colour = contextvars.ContextVar("colour", default="none")


def count_calls(function):
    """The number of functions that this thread calls in it."""
    calls = []
    sys.setprofile(lambda frame, event, argument: calls.append(event))
    try:
        function()
    finally:
        sys.setprofile(None)
    return len([event for event in calls if event.endswith("call")])


@pytest.fixture
def narrow(settings):
    """One operation runs at a time."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}


@pytest.fixture
def record():
    """Makes bodies that write down who ran, in that order."""
    ran = []

    def make(name):
        async def body():
            ran.append(name)

        return body

    make.ran = ran
    return make


@pytest.fixture
def blocked(narrow, make_owner, hold):
    """The only slot is taken until the test opens the hold."""
    submit(make_owner(), tasks.app_held, hold)
    hold.entered()
    return hold


# -- from anywhere ---------------------------------------------------------------------


def test_the_first_submission_starts_the_pool(owner):
    """Not the import, not a look."""
    assert window(owner) == ()
    assert pool.current() is None

    submit(owner, tasks.app_echo, 1)

    assert pool.current() is not None


def test_a_pool_that_cannot_begin_is_no_pool(owner, monkeypatch):
    """The submitter gets the error, and the next one tries again."""

    def fail(dog):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("ephemeral_tasks.pool.watchdog.Watchdog.start", fail)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            submit(owner, tasks.app_echo, 1)

    assert pool.current() is None
    handle = submit(owner, tasks.app_echo, 1)
    drain()
    assert result(owner, handle.id) == 1


def test_the_pool_is_one_however_many_threads_ask_first(make_owner):
    """Two first submissions at once are the usual case."""
    gate, found = threading.Barrier(8), []

    def ask():
        gate.wait()
        submit(make_owner(), tasks.app_echo, 1)
        found.append(pool.get())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)

    assert len(found) == 8
    assert len(set(map(id, found))) == 1
    drain()
    assert pool.statistics().successful == 8


async def test_a_loop_submits_and_waits(owner):
    """`aresult` waits on the caller's own loop."""
    handle = submit(owner, tasks.app_echo, "value")

    assert await aresult(owner, handle.id, timeout=PATIENCE_SECONDS) == "value"


def test_a_body_submits_and_waits_for_another(owner, make_owner):
    """From the pool's own loop, too."""
    other = make_owner()

    async def body():
        handle = submit(other, tasks.app_echo, "inner")
        return await aresult(other, handle.id)

    handle = submit(owner, tasks.app_call, body)
    drain()

    assert result(owner, handle.id) == "inner"


def test_a_plain_body_submits(owner, make_owner):
    """From one of the pool's threads."""
    other = make_owner()
    handle = submit(
        owner, tasks.app_plain_call, lambda: submit(other, tasks.app_echo, 1).id
    )
    drain()

    assert result(other, result(owner, handle.id)) == 1


# -- order -----------------------------------------------------------------------------


def test_an_owners_operations_start_in_order(blocked, owner, record):
    """First come, first served."""
    for number in range(5):
        submit(owner, tasks.app_call, record(number))
    blocked.open()
    drain()

    assert record.ran == [0, 1, 2, 3, 4]


def test_owners_take_turns(blocked, make_owner, record):
    """A busy owner does not hold up one who comes later."""
    busy, other = make_owner(), make_owner()
    for number in range(4):
        submit(busy, tasks.app_call, record(f"busy {number}"))
    for number in range(2):
        submit(other, tasks.app_call, record(f"other {number}"))
    blocked.open()
    drain()

    assert record.ran == ["busy 0", "other 0", "busy 1", "other 1", "busy 2", "busy 3"]


def test_the_most_urgent_goes_first(blocked, make_owner, record):
    """Whenever it came."""
    submit(make_owner(), tasks.app_call, record("usual"))
    submit(make_owner(), tasks.app_urgent, record("urgent"))
    blocked.open()
    drain()

    assert record.ran == ["urgent", "usual"]


def test_the_most_urgent_of_an_owner_goes_first(blocked, owner, record):
    """Whenever it came; what is equally urgent goes in order."""
    for name in ("usual 1", "usual 2"):
        submit(owner, tasks.app_call, record(name))
    for name in ("urgent 1", "urgent 2"):
        submit(owner, tasks.app_urgent, record(name))
    blocked.open()
    drain()

    assert record.ran == ["urgent 1", "urgent 2", "usual 1", "usual 2"]


def test_a_newcomer_starts_at_once_behind_a_busy_owner(make_owner, make_hold):
    """By default one owner cannot take all slots, not even with plain bodies."""
    busy, newcomer = make_owner(), make_owner()
    hold, others = make_hold(), make_hold()
    for _ in range(12):
        submit(busy, tasks.app_plain_held, hold)
    hold.entered()

    submit(newcomer, tasks.app_held, others)

    others.entered()
    assert hold.exits == 0


def test_a_tenth_of_the_places_is_for_new_owners(settings, make_owner, hold):
    """Who has something unfinished is refused, who has nothing is not."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "MAX_WAITING": 20}
    known = make_owner()
    submit(known, tasks.app_held, hold)
    for _ in range(18):
        submit(make_owner(), tasks.app_held, hold)

    with pytest.raises(QueueFull, match="2 of them kept for new visitors"):
        submit(known, tasks.app_held, hold)

    for _ in range(2):
        submit(make_owner(), tasks.app_held, hold)
    with pytest.raises(QueueFull):
        submit(make_owner(), tasks.app_held, hold)


def test_an_owner_of_finished_operations_is_as_good_as_new(settings, make_owner, hold):
    """The share is for whoever has nothing unfinished."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "MAX_WAITING": 20}
    idle = make_owner()
    submit(idle, tasks.app_echo, 1)
    drain()
    for _ in range(19):
        submit(make_owner(), tasks.app_held, hold)

    submit(idle, tasks.app_held, hold)

    assert window(idle)[0].status is Status.READY


def test_a_row_knows_its_place(blocked, make_owner):
    """From 1, counting turns; none for what runs or has ended."""
    first, second = make_owner(), make_owner()
    handles = [submit(first, tasks.app_echo, number) for number in range(3)]
    late = submit(second, tasks.app_echo, 1)
    settle()

    assert [row(first, one.id).position for one in handles] == [1, 3, 4]
    assert row(second, late.id).position == 2

    blocked.open()
    drain()
    assert row(second, late.id).position is None


# -- bounds ----------------------------------------------------------------------------


def test_no_more_run_than_may(settings, make_owner, hold):
    """MAX_RUNNING, however many wait."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 3}
    now, most = [0], [0]

    async def body():
        now[0] += 1
        most[0] = max(most[0], now[0])
        await hold.stop()
        now[0] -= 1

    for _ in range(10):
        submit(make_owner(), tasks.app_call, body)
    hold.entered(3)
    settle()
    assert hold.entries == 3
    for count in range(10):
        hold.pass_one()
        hold.left(count + 1)
    drain()

    assert most == [3]


def test_no_more_plain_bodies_run_than_may(settings, make_owner, hold):
    """Threads are no way around it."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 2}
    for _ in range(6):
        submit(make_owner(), tasks.app_plain_held, hold)
    hold.entered(2)
    settle()

    assert hold.entries == 2
    assert pool.statistics().running == 2
    hold.open()
    drain()
    assert hold.entries == 6


def test_no_more_of_an_owner_run_than_may(settings, make_owner, make_hold):
    """MAX_RUNNING_PER_OWNER leaves slots for others."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 4, "MAX_RUNNING_PER_OWNER": 2}
    busy, other = make_owner(), make_owner()
    hold, others = make_hold(), make_hold()
    for _ in range(5):
        submit(busy, tasks.app_held, hold)
    submit(other, tasks.app_held, others)
    others.entered()
    settle()

    assert hold.entries == 2
    hold.pass_one()
    hold.entered(3)
    settle()
    assert hold.entries == 3


@pytest.mark.parametrize("most", [0, 1, 3])
def test_no_more_wait_than_may(settings, make_owner, hold, most):
    """MAX_WAITING; what a free slot takes does not wait."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 2, "MAX_WAITING": most}
    for _ in range(2 + most):
        submit(make_owner(), tasks.app_held, hold)

    with pytest.raises(QueueFull, match=f"MAX_WAITING is {most}") as raised:
        submit(make_owner(), tasks.app_held, hold)

    assert raised.value.retry_after_seconds > 0
    settle()
    statistics = pool.statistics()
    assert (statistics.running, statistics.waiting) == (2, most)
    assert (statistics.accepted, statistics.refused) == (2 + most, 1)


def test_no_more_of_an_owner_wait_than_may(settings, owner, make_owner, hold):
    """Slots that this owner may not have are no room for what waits."""
    settings.EPHEMERAL_TASKS = {
        "MAX_RUNNING": 4,
        "MAX_RUNNING_PER_OWNER": 1,
        "MAX_WAITING": 2,  # of which one is for new owners
    }
    submit(owner, tasks.app_held, hold)
    submit(owner, tasks.app_held, hold)

    with pytest.raises(QueueFull):
        submit(owner, tasks.app_held, hold)

    submit(make_owner(), tasks.app_held, hold)  # another's slot is free
    hold.entered(2)
    settle()
    assert pool.statistics().waiting == 1


def test_no_more_wait_in_a_paused_pool_than_may(settings, make_owner):
    """Nothing starts, so free slots are no room; from the call's return on."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 4, "MAX_WAITING": 2}
    pool.pause()
    for _ in range(2):
        submit(make_owner(), tasks.app_echo, 1)

    with pytest.raises(QueueFull):
        submit(make_owner(), tasks.app_echo, 1)

    pool.resume()
    drain()


def test_what_waits_between_attempts_takes_no_place(
    settings, task_clock, owner, make_owner
):
    """It was let in before."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "MAX_WAITING": 1}

    async def fail():
        raise ValueError

    submit(owner, tasks.app_retried, fail)
    settle()
    assert pool.statistics().retrying == 1

    for _ in range(2):
        submit(make_owner(), tasks.app_echo, 1)
    settle()
    assert pool.statistics().successful == 2
    task_clock.advance(40)
    drain()


def test_a_place_is_free_as_soon_as_what_waited_is_cancelled(
    settings, owner, make_owner, hold
):
    """Pushed out or cancelled: the next submission need not wait for the loop."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "MAX_WAITING": 1}
    submit(make_owner(), tasks.app_held, hold)

    def cancel_and_submit():  # on the loop, where nothing can come between
        handle = submit(owner, tasks.app_echo, 1)
        cancel(owner, handle.id)
        return submit(owner, tasks.app_echo, 2)

    assert on_loop(cancel_and_submit)


@pytest.mark.parametrize("refusal", ["queue", "window", "bytes", "owners", "closed"])
def test_a_refused_submission_changes_nothing(
    settings, owner, make_owner, hold, refusal
):
    """Neither window nor pool nor counters, but for the one that counts refusals."""
    settings.EPHEMERAL_TASKS = {
        "queue": {"MAX_RUNNING": 1, "MAX_WAITING": 0},
        "window": {"WINDOW_SIZE": 1, "WHEN_WINDOW_FULL": "refuse"},
        "bytes": {"MAX_KEPT_BYTES": 200},
        "owners": {"MAX_OWNERS": 1},
        "closed": {},
    }[refusal]
    who = make_owner() if refusal == "owners" else owner
    submit(owner, tasks.app_held, hold)
    hold.entered()
    if refusal == "closed":
        pool.get().ledger.close()
    settle()
    before = (pool.statistics(), window(owner), pool.statistics().waiting)

    with pytest.raises(Exception, match=r".") as raised:
        submit(who, tasks.app_echo, "x" * 200)

    assert type(raised.value).__name__ in {"QueueFull", "WindowFull", "Closed"}
    assert isinstance(raised.value, WindowFull) == (refusal == "window")
    after = (pool.statistics(), window(owner), pool.statistics().waiting)
    refused = int(isinstance(raised.value, QueueFull))
    assert after[0].refused == before[0].refused + refused
    for name in ("accepted", "running", "waiting", "owners", "kept_bytes"):
        assert getattr(after[0], name) == getattr(before[0], name)
    assert after[1:] == before[1:]
    assert who == owner or window(who) == ()


# -- steering --------------------------------------------------------------------------


def test_a_paused_pool_starts_nothing(owner, hold, make_owner):
    """What runs goes on."""
    running = submit(owner, tasks.app_held, hold, "value")
    hold.entered()
    pool.pause()
    waiting = submit(make_owner(), tasks.app_echo, 1)
    hold.open()
    settle()

    assert result(owner, running.id) == "value"
    assert pool.statistics().is_paused
    assert pool.statistics().waiting == 1
    pool.resume()
    drain()
    assert not pool.statistics().is_paused
    assert waiting


def test_a_pool_that_grows_starts_more_at_once(narrow, make_owner, hold):
    """And what waits starts."""
    for _ in range(3):
        submit(make_owner(), tasks.app_held, hold)
    hold.entered()

    pool.resize(3)

    hold.entered(3)
    assert pool.statistics().max_running == 3


def test_a_pool_that_shrinks_lets_work_end(settings, make_owner, hold):
    """Nothing is cancelled, and nothing starts before there is room."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 3}
    for _ in range(5):
        submit(make_owner(), tasks.app_held, hold)
    hold.entered(3)

    pool.resize(1)
    for count in (1, 2):
        hold.pass_one()
        hold.left(count)
    settle()
    assert hold.entries == 3

    hold.pass_one()
    hold.entered(4)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "2", True, None])
def test_a_pool_cannot_be_resized_to_what_is_no_limit(wrong):
    """A whole number from 1 on."""
    with pytest.raises((TypeError, ValueError), match="limit must be"):
        pool.resize(wrong)


def test_statistics_add_up(settings, task_clock, make_owner, make_hold):
    """Accepted = waiting + retrying + running + finished."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 2}
    owner = make_owner()
    hold = make_hold()

    async def fail():
        raise ValueError

    submit(owner, tasks.app_echo, 1)
    submit(owner, tasks.app_fails, "text")
    retried = submit(owner, tasks.app_retried, fail)
    settle()
    for _ in range(3):
        submit(make_owner(), tasks.app_held, hold)
    hold.entered(2)
    last = make_owner()
    cancelled = submit(last, tasks.app_echo, 1)
    cancel(last, cancelled.id)
    task_clock.advance(5)

    statistics = pool.statistics()

    assert statistics.running == 2
    assert statistics.waiting == 1
    assert statistics.retrying == 1
    assert statistics.successful == statistics.failed == statistics.cancelled == 1
    assert statistics.accepted == 7
    assert statistics.oldest_wait_seconds == 5
    assert statistics.owners == 5
    assert statistics.max_running == 2
    cancel(owner, retried.id)


def test_statistics_are_frozen():
    """A picture of one instant."""
    with pytest.raises(AttributeError):
        pool.statistics().running = 3


def test_health_needs_no_pool():
    """A process without work is healthy, and asking starts nothing."""
    assert pool.is_healthy()
    assert pool.current() is None


def test_health_has_the_numbers_of_the_statistics(
    settings, task_clock, owner, make_owner, hold
):
    """An operation between two attempts waits, too."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 2}

    async def fail():
        raise ValueError

    retried = submit(owner, tasks.app_retried, fail)
    settle()
    for _ in range(4):
        submit(make_owner(), tasks.app_held, hold)
    hold.entered(2)

    health = pool.health()

    assert (health.running, health.waiting) == (2, 3)
    assert (health.host_pid, health.clients) == (os.getpid(), 0)
    cancel(owner, retried.id)


def test_health_costs_the_same_however_many_tasks_there_are(owner):
    """Anybody may ask, on the server's own loop."""
    submit(owner, tasks.app_echo, 1)
    drain()
    pool.health()
    calls = count_calls(pool.health)

    submit(owner, tasks.app_fails, "x")
    submit(owner, tasks.app_plain_call, list)
    submit(owner, tasks.app_call, _colour)
    drain()

    assert count_calls(pool.health) == calls


def test_a_full_pool_is_not_healthy(settings, make_owner, hold):
    """A submission would be refused."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "MAX_WAITING": 1}
    submit(make_owner(), tasks.app_held, hold)
    assert pool.is_healthy()

    submit(make_owner(), tasks.app_held, hold)

    assert not pool.is_healthy()


# -- contexts --------------------------------------------------------------------------


def test_a_body_does_not_see_the_submitters_variables(owner):
    """A request's context ends with the request."""
    token = colour.set("red")
    handles = [
        submit(owner, tasks.app_call, _colour),
        submit(owner, tasks.app_plain_call, colour.get),
    ]
    colour.reset(token)
    drain()

    assert [result(owner, one.id) for one in handles] == ["none", "none"]


async def _colour():
    return colour.get()


def test_a_burst_does_not_inherit_its_first_ones_variables(owner):
    """The wake-up of the inbox runs in an empty context."""

    def submit_all():  # on the loop, so that all wait in the inbox at once
        colour.set("red")
        return [submit(owner, tasks.app_call, _colour) for _ in range(5)]

    handles = on_loop(submit_all)
    drain()

    assert {result(owner, one.id) for one in handles} == {"none"}


def test_bodies_do_not_see_each_others_variables(owner):
    """Nor does the next attempt see the last one's."""

    async def write():
        seen = colour.get()
        colour.set("green")
        return seen

    handles = [submit(owner, tasks.app_call, write) for _ in range(3)]
    drain()

    assert {result(owner, one.id) for one in handles} == {"none"}


@pytest.mark.parametrize("body", [tasks.app_call, tasks.app_plain_call])
def test_a_body_runs_in_the_submitters_language(owner, body):
    """It is handed over explicitly; everything else of a request is not."""

    async def speak():
        return translation.get_language()

    function = speak if body is tasks.app_call else translation.get_language
    with translation.override("de"):
        german = submit(owner, body, function)
    english = submit(owner, body, function)
    drain()

    assert result(owner, german.id) == "de"
    assert result(owner, english.id) == "en"


def test_a_body_knows_its_operation(owner):
    """`current_operation()` is its own end of it."""

    async def body():
        mine = current_operation()
        return mine.id, mine.attempt, mine.is_cancelled

    handle = submit(owner, tasks.app_call, body)
    drain()

    assert result(owner, handle.id) == (handle.id, 1, False)


def test_outside_an_operation_progress_is_silent_and_the_operation_unknown():
    """Library code may call it anywhere."""
    progress(1, 2, "half")

    with pytest.raises(RuntimeError, match="inside the body"):
        current_operation()


# -- progress and nudges ---------------------------------------------------------------


def test_progress_is_announced_once_until_somebody_looks(owner, hold, nudges):
    """Ten thousand reports are one nudge; the row shows the last."""

    async def body():
        for number in range(1, 10_001):
            progress(number, 10_000, f"line {number}")
        await hold.stop()

    handle = submit(owner, tasks.app_call, body)
    hold.entered()
    settle()
    heard = len(nudges.changed)
    seen = row(owner, handle.id).progress

    assert heard <= 4  # submitted, waits, runs, progress
    assert seen == (10_000, 10_000, "line 10000")


def test_progress_after_a_look_is_announced_again(owner, make_hold, nudges):
    """Whoever looked wants to know what changed since."""
    first, second = make_hold(), make_hold()

    async def body():
        progress(1)
        await first.stop()
        progress(2)
        await second.stop()

    handle = submit(owner, tasks.app_call, body)
    first.entered()
    assert row(owner, handle.id).progress.done == 1
    heard = len(nudges.changed)
    first.open()
    second.entered()

    assert len(nudges.changed) == heard + 1


def test_each_step_is_announced(owner, make_hold, nudges):
    """Accepted, started, ended."""
    hold = make_hold()
    handle = submit(owner, tasks.app_held, hold)
    hold.entered()
    heard = len(nudges.changed)
    assert heard

    hold.open()
    nudges.until(lambda: row(owner, handle.id).status is Status.SUCCESSFUL)

    assert set(nudges.changed) == {owner}


def test_a_listener_that_raises_harms_nobody(owner, nudges):
    """Neither the operation nor the other listeners."""
    from ephemeral_tasks import signals

    def fail(owner):
        raise ValueError("listener")

    disconnect = signals.connect(changed=fail, ended=fail)
    try:
        handle = submit(owner, tasks.app_echo, "value")
        drain()
    finally:
        disconnect()

    assert result(owner, handle.id) == "value"
    assert nudges.changed
