"""What operators see of the pool, and what they may do to it."""

import pickle

import pytest

from ephemeral_tasks import (
    ClientFull,
    QueueFull,
    UnknownOperation,
    aask,
    operators,
    pool,
    submit,
    task,
    window,
)
from ephemeral_tasks.testing import drain
from tests.app import tasks

MARKER = "marker-of-an-owner"


@task(label=f"Label {MARKER}", cancellable=False)
async def operators_held(hold, text):
    """Wait at the hold; the owner may not cancel it."""
    await hold.stop()


@task
async def operators_asks(text):
    """Ask the owner."""
    await aask(f"{text}?", choices=(text, "no"))


def listing(state, /, **filters):
    """The listing of a state."""
    found = {one.state: one for one in operators.overview(**filters).listings}
    return found[state]


def listed(state, /, **filters):
    """The ids of a listing."""
    return [line.id for line in listing(state, **filters).lines]


@pytest.fixture
def ask(make_owner, make_hold):
    """Starts an operation and returns its id once it asks; the test ends it."""
    ids = []

    def ask(text="x"):
        ids.append(submit(make_owner(), operators_asks, text).id)
        while pool.statistics().asking == 0:
            pool.get().loop.call(lambda: None)
        return ids[-1]

    yield ask
    for id in ids:
        operators.cancel_operation(id)


def test_looking_starts_no_pool():
    """All is nothing then; the process is there."""
    pool.reset()

    found = operators.overview()

    assert pool.current() is None
    assert found.statistics is None
    assert [one.lines for one in found.listings] == [(), (), (), ()]
    assert found.processes[0].is_host


def test_an_operation_is_listed_by_its_state(settings, make_owner, hold, ask):
    """Running, waiting, asking, finished; the newest first."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    asking = ask()
    running = submit(make_owner(), tasks.app_held, hold)
    hold.entered()
    waiting = [submit(make_owner(), tasks.app_echo, 1).id for _ in range(2)]

    assert listed("running") == [running.id]
    assert listed("waiting") == waiting[::-1]
    assert listed("asking") == [asking]
    assert listed("finished") == []
    hold.open()
    operators.cancel_operation(asking)
    drain()
    assert sorted(listed("finished")) == sorted([running.id, asking, *waiting])


def test_a_filter_leaves_what_it_names(settings, make_owner, hold):
    """By task, by state, by both; the count says how many there are without it."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    submit(make_owner(), tasks.app_fails, "x")
    drain()
    running = submit(make_owner(), tasks.app_held, hold).id
    waiting = submit(make_owner(), tasks.app_echo, 1).id
    held, echo = tasks.app_held.name, tasks.app_echo.name

    assert listed("running", task=held) == [running]
    assert listed("running", task=echo) == []
    assert listed("waiting", task=echo, state="waiting") == [waiting]
    assert listed("running", state="waiting") == []
    assert len(listed("finished", state="finished")) == 1
    assert len(listed("finished", state="failed", task="app_fails")) == 1
    assert listed("finished", state="successful") == []
    assert listing("running", task=echo).count == 1
    assert listing("running", task=echo).matching == 0
    assert listing("running", task=echo).hidden == 1
    assert listing("running", task=held).hidden == 0
    assert listing("finished", state="successful").hidden == 1


def test_no_more_rows_are_listed_than_asked_for(settings, make_owner, hold):
    """The newest; the counts are of all."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    ids = [submit(make_owner(), tasks.app_held, hold).id for _ in range(6)]
    hold.entered()

    found = listing("waiting", rows=2)

    assert [line.id for line in found.lines] == [ids[5], ids[4]]
    assert (found.count, found.matching) == (5, 5)


def test_unfinished_operations_are_counted_by_task(settings, make_owner, hold, ask):
    """In each state, whatever the filter."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    ask()
    for _ in range(3):
        submit(make_owner(), tasks.app_held, hold)

    found = {one.task: one for one in operators.overview(task="other").tasks}

    held = found[tasks.app_held.name]
    assert (held.running, held.waiting, held.asking) == (1, 2, 0)
    assert found["operators_asks"].asking == 1


def test_nothing_that_operators_get_is_content(make_owner, hold, ask):
    """No label, question, argument or owner; and it can be pickled."""
    owner = make_owner()
    submit(owner, operators_held, hold, MARKER)
    hold.entered()
    ask(MARKER)
    submit(owner, tasks.app_fails_politely, MARKER)
    while not pool.statistics().failed:
        pool.get().loop.call(lambda: None)

    found = operators.overview()

    packed = pickle.dumps(found)
    assert b"operators_asks" in packed
    assert MARKER.encode() not in packed
    assert owner.encode() not in packed
    assert pickle.loads(packed) == found


def test_an_operation_of_any_owner_is_cancelled(owner, hold, nudges):
    """Also one that its owner may not cancel, whose row changes at once."""
    id = submit(owner, operators_held, hold, "x").id
    hold.entered()
    del nudges.changed[:]

    assert operators.cancel_operation(id) is True

    assert owner in nudges.changed
    drain()
    assert window(owner)[0].status == "CANCELLED"
    assert operators.cancel_operation(id) is True


def test_a_finished_operation_stays_as_it_is(owner):
    """The answer says so, and an unknown id is an error."""
    id = submit(owner, tasks.app_echo, 1).id
    drain()

    assert operators.cancel_operation(id) is False

    assert window(owner)[0].status == "SUCCESSFUL"
    with pytest.raises(UnknownOperation):
        operators.cancel_operation("none")
    pool.reset()
    with pytest.raises(UnknownOperation):
        operators.cancel_operation(id)


def test_all_of_a_task_are_cancelled(settings, make_owner, make_hold, nudges):
    """Running and waiting ones; none of them starts meanwhile, others go on."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    hold, other = make_hold(), make_hold()
    owners = [make_owner() for _ in range(3)]
    for one in owners:
        submit(one, tasks.app_held, hold)
    submit(make_owner(), tasks.app_call, other.stop)
    hold.entered()

    assert operators.cancel_task(tasks.app_held.name) == 3

    other.entered()
    assert {*owners} <= {*nudges.changed}
    assert hold.entries == 1
    assert [one.task for one in operators.overview().tasks] == [tasks.app_call.name]
    assert operators.cancel_task("none") == 0


def test_nothing_is_cancelled_without_a_pool():
    """And none is started for it."""
    pool.reset()

    assert operators.cancel_task("any") == 0
    assert pool.current() is None


def test_refusals_are_counted_by_the_setting_that_refused(
    settings, owner, make_owner, hold
):
    """Each bound by its name."""
    settings.EPHEMERAL_TASKS = {
        "MAX_RUNNING": 1,
        "MAX_WAITING": 2,
        "MAX_OWNERS": 2,
        "MAX_KEPT_BYTES": 20_000,
        "CLIENT_OF": "tests.web.clients.by_user",
        "MAX_WAITING_PER_CLIENT": 1,
    }
    submit(owner, tasks.app_held, hold)
    submit(owner, tasks.app_held, hold)
    with pytest.raises(ClientFull):
        submit(owner, tasks.app_held, hold)
    other = make_owner()
    with pytest.raises(QueueFull):
        submit(other, tasks.app_held, hold, "x" * 20_000)
    submit(other, tasks.app_held, hold)
    with pytest.raises(QueueFull):
        submit(make_owner(), tasks.app_held, hold)

    found = pool.statistics()

    assert found.refused_by_reason == {
        "MAX_KEPT_BYTES": 1,
        "MAX_OWNERS": 1,
        "MAX_WAITING_PER_CLIENT": 1,
    }
    assert found.refused == 3


def test_a_full_queue_is_a_reason(settings, make_owner):
    """The setting is MAX_WAITING."""
    settings.EPHEMERAL_TASKS = {"MAX_WAITING": 0}
    pool.pause()

    with pytest.raises(QueueFull):
        submit(make_owner(), tasks.app_echo, 1)

    assert pool.statistics().refused_by_reason == {"MAX_WAITING": 1}
    pool.resume()


def test_the_statistics_know_bounds_and_age(task_clock, settings):
    """What the settings allow, and since when the pool runs."""
    settings.EPHEMERAL_TASKS = {"MAX_OWNERS": 7, "MAX_KEPT_BYTES": 1234}
    pool.get()
    task_clock.advance(12)

    found = pool.statistics()

    assert (found.max_owners, found.max_kept_bytes) == (7, 1234)
    assert found.uptime_seconds == 12
