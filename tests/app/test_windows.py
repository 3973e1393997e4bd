"""An owner's window: the newest handles, and what ends them."""

import pickle
from datetime import UTC, datetime

import pytest
from django.core.cache import caches

from ephemeral_tasks import (
    Conflict,
    Handle,
    UnknownOperation,
    WindowFull,
    cancel,
    dismiss,
    pool,
    result,
    retry,
    submit,
    window,
    windows,
)
from ephemeral_tasks.core import Status
from ephemeral_tasks.submission import end_owner, row, submit_once
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.conftest import on_loop, settle

HOUR = 3600


def ids(owner):
    """Return what the owner's window names, newest first."""
    return [one.id for one in window(owner)]


def kept():
    """Return how many operations the pool keeps, for owners of any kind."""
    return sum(
        len(pool.get().ledger.memory.of(one))
        for one in pool.get().ledger.memory.owners()
    )


# -- the newest ------------------------------------------------------------------------


def test_a_window_names_the_newest_first(owner):
    """In the order of submission, whoever ended first."""
    handles = [submit(owner, tasks.app_echo, number) for number in range(3)]

    assert ids(owner) == [one.id for one in reversed(handles)]


def test_a_sixth_pushes_the_oldest_out(owner):
    """Five by default; the oldest is unknown from then on."""
    handles = [submit(owner, tasks.app_echo, number) for number in range(6)]
    drain()

    assert ids(owner) == [one.id for one in reversed(handles[1:])]
    with pytest.raises(UnknownOperation):
        result(owner, handles[0].id)


def test_the_size_of_a_window_is_a_setting(settings, owner):
    """WINDOW_SIZE counts operations of any state."""
    settings.EPHEMERAL_TASKS = {"WINDOW_SIZE": 2}
    for number in range(4):
        submit(owner, tasks.app_echo, number)

    assert len(ids(owner)) == 2


def test_what_runs_is_cancelled_when_it_is_pushed_out(owner, hold):
    """Whatever its state: the window is about what its owner did last."""
    submit(owner, tasks.app_held, hold)
    hold.entered()

    for number in range(5):
        submit(owner, tasks.app_echo, number)

    hold.left()
    drain()
    assert pool.statistics().cancelled == 1
    assert kept() == 5


def test_what_waits_is_cancelled_when_it_is_pushed_out(settings, owner, hold):
    """It never starts."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    started = []

    async def start():
        started.append(1)

    submit("another", tasks.app_held, hold)
    hold.entered()
    submit(owner, tasks.app_call, start)
    for number in range(5):
        submit(owner, tasks.app_echo, number)
    hold.open()
    drain()

    assert started == []
    assert pool.statistics().cancelled == 1


def test_windows_are_private(make_owner):
    """What another owner has is as unknown as what never was."""
    mine, other = make_owner(), make_owner()
    handle = submit(mine, tasks.app_echo, 1)
    drain()

    assert window(other) == ()
    for verb in (row, result, cancel, dismiss, retry):
        with pytest.raises(UnknownOperation) as foreign:
            verb(other, handle.id)
        with pytest.raises(UnknownOperation) as unknown:
            verb(other, "0" * 32)
        assert str(foreign.value).replace(handle.id, "") == (
            str(unknown.value).replace("0" * 32, "")
        )


@pytest.mark.parametrize("key", ["", "a" * 65, "a b", "a-b", "ä", None, 7])
def test_an_owner_is_letters_and_digits(key):
    """1 to 64 of them; the message never repeats what may be a secret."""
    for verb in (window, end_owner):
        with pytest.raises(ValueError, match=r"1 to 64 ASCII letters or digits$"):
            verb(key)
    with pytest.raises(ValueError, match=r"1 to 64 ASCII letters or digits$"):
        submit(key, tasks.app_echo, 1)


# -- refusing instead ------------------------------------------------------------------


@pytest.fixture
def refusing(settings):
    """Windows of two that refuse while both are unfinished."""
    settings.EPHEMERAL_TASKS = {"WHEN_WINDOW_FULL": "refuse", "WINDOW_SIZE": 2}


def test_a_full_window_may_refuse(refusing, owner, hold):
    """All are unfinished: nothing changes, and the error says when to come again."""
    handles = [submit(owner, tasks.app_held, hold) for _ in range(2)]

    with pytest.raises(WindowFull, match="all 2 operations") as raised:
        submit(owner, tasks.app_echo, 1)

    assert raised.value.retry_after_seconds > 0
    assert ids(owner) == [one.id for one in reversed(handles)]
    assert pool.statistics().accepted == 2


def test_a_window_that_refuses_lets_the_oldest_finished_one_go(
    refusing, owner, make_hold
):
    """Here the newer of the two has finished."""
    hold = make_hold()
    unfinished = submit(owner, tasks.app_held, hold)
    finished = submit(owner, tasks.app_echo, 1)
    hold.entered()
    settle()
    assert row(owner, finished.id).is_finished

    newest = submit(owner, tasks.app_echo, 2)

    assert ids(owner) == [newest.id, unfinished.id]


def test_a_waiting_one_that_was_cancelled_counts_as_finished(
    settings, owner, make_owner, hold
):
    """It shows CANCELLED at once, so it makes room at once."""
    settings.EPHEMERAL_TASKS = {
        "WHEN_WINDOW_FULL": "refuse",
        "WINDOW_SIZE": 1,
        "MAX_RUNNING": 1,
    }
    submit(make_owner(), tasks.app_held, hold)
    hold.entered()
    waiting = submit(owner, tasks.app_echo, 1)
    cancel(owner, waiting.id)

    assert submit(owner, tasks.app_echo, 2).id in ids(owner)


# -- age and idleness ------------------------------------------------------------------


def test_a_handle_lives_six_hours(task_clock, owner):
    """However often its window is looked at."""
    old = submit(owner, tasks.app_echo, 1)
    for _ in range(12):
        task_clock.advance(HOUR / 2 - 1)
        assert old.id in ids(owner)
    young = submit(owner, tasks.app_echo, 2)

    task_clock.advance(12)

    assert ids(owner) == [young.id]
    with pytest.raises(UnknownOperation):
        row(owner, old.id)


def test_a_window_lives_an_hour_without_use(task_clock, owner):
    """Then all of it goes at once."""
    submit(owner, tasks.app_echo, 1)
    task_clock.advance(HOUR - 1)
    submit(owner, tasks.app_echo, 2)

    task_clock.advance(HOUR - 1)
    assert len(ids(owner)) == 2

    task_clock.advance(HOUR)
    assert ids(owner) == []


@pytest.mark.parametrize("use", ["view", "row", "submit", "result"])
def test_each_use_keeps_a_window_for_another_hour(task_clock, owner, use):
    """Looking, asking for one, fetching and submitting are uses."""
    handle = submit(owner, tasks.app_echo, 1)
    drain()
    uses = {
        "view": lambda: window(owner),
        "row": lambda: row(owner, handle.id),
        "submit": lambda: submit(owner, tasks.app_echo, 2),
        "result": lambda: result(owner, handle.id),
    }

    for _ in range(3):
        task_clock.advance(HOUR - 1)
        uses[use]()

    assert handle.id in ids(owner)


def test_the_sweep_is_no_use(task_clock, owner):
    """It looks at each window twice in 30 seconds and keeps none alive."""
    submit(owner, tasks.app_echo, 1)

    task_clock.advance(HOUR + 31)

    assert kept() == 0


@pytest.mark.parametrize(
    "send",
    [
        lambda owner, hold: submit(owner, tasks.app_unique, hold, "a"),
        lambda owner, hold: submit_once(owner, tasks.app_echo, "key", {"value": 1}),
    ],
)
def test_a_submission_that_repeats_another_is_a_use(task_clock, owner, hold, send):
    """It is answered with the operation that there is, and keeps it alive."""
    first = send(owner, hold)
    task_clock.advance(60)

    assert send(owner, hold) == first
    assert windows.read(owner, touch=False).used_monotonic == task_clock.time()


def test_a_refused_submission_is_no_use(settings, task_clock, owner, hold):
    """It changes nothing, the window's age included."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "MAX_WAITING": 0}
    handle = submit(owner, tasks.app_held, hold)
    hold.entered()
    before = row(owner, handle.id).expires_at
    task_clock.advance(60)
    with pytest.raises(Exception, match="MAX_WAITING"):
        submit(owner, tasks.app_echo, 1)

    assert windows.read(owner, touch=False).used_monotonic == task_clock.time() - 60
    assert row(owner, handle.id).expires_at > before


def test_a_row_says_when_it_expires(task_clock, owner):
    """The earlier of its age and the window's idleness."""
    handle = submit(owner, tasks.app_echo, 1)
    start = task_clock.time()

    assert row(owner, handle.id).expires_at == datetime.fromtimestamp(start + HOUR, UTC)

    for _ in range(11):
        task_clock.advance(HOUR / 2)
        window(owner)

    assert row(owner, handle.id).expires_at == datetime.fromtimestamp(
        start + 6 * HOUR, UTC
    )


def test_a_clock_that_is_set_back_forgets_nothing(task_clock, owner):
    """A correction of the system's time is no reason to lose work."""
    handle = submit(owner, tasks.app_echo, 1)
    drain()
    task_clock.advance(60)
    window(owner)
    task_clock._clock._now -= 1800

    assert ids(owner) == [handle.id]
    assert row(owner, handle.id).elapsed_seconds >= 0


# -- order and place -------------------------------------------------------------------


def test_a_retry_takes_the_old_ones_place(owner):
    """A new id where the old one stood; the others stay where they are."""
    first = submit(owner, tasks.app_echo, 1)
    failed = submit(owner, tasks.app_fails, "text")
    last = submit(owner, tasks.app_echo, 2)
    drain()

    again = retry(owner, failed.id)
    drain()

    assert again.id != failed.id
    assert ids(owner) == [last.id, again.id, first.id]
    assert (again.task, again.label) == (failed.task, failed.label)
    with pytest.raises(UnknownOperation):
        row(owner, failed.id)


def test_a_retried_operation_has_an_age_of_its_own(task_clock, owner):
    """It was submitted when it was tried again."""
    failed = submit(owner, tasks.app_fails, "text")
    drain()
    task_clock.advance(60)

    again = retry(owner, failed.id)

    assert (again.submitted_at - failed.submitted_at).total_seconds() == 60


def test_a_dismissed_operation_is_gone(owner):
    """The others close up."""
    handles = [submit(owner, tasks.app_echo, number) for number in range(3)]
    drain()

    dismiss(owner, handles[1].id)

    assert ids(owner) == [handles[2].id, handles[0].id]
    with pytest.raises(UnknownOperation):
        dismiss(owner, handles[1].id)


# -- what the state forbids ------------------------------------------------------------


def test_an_unfinished_operation_cannot_be_dismissed_or_retried(owner, hold):
    """Waiting or running alike; the error says what and why."""
    handle = submit(owner, tasks.app_held, hold)
    hold.entered()

    for verb in (dismiss, retry):
        with pytest.raises(Conflict, match="it is RUNNING") as raised:
            verb(owner, handle.id)
        assert raised.value.action == verb.__name__
        assert (raised.value.id, raised.value.status) == (handle.id, "RUNNING")

    assert ids(owner) == [handle.id]


def test_a_successful_operation_cannot_be_retried(owner):
    """Its arguments went at once."""
    handle = submit(owner, tasks.app_echo, 1)
    drain()

    with pytest.raises(Conflict, match=r"cannot retry .* it is SUCCESSFUL"):
        retry(owner, handle.id)


@pytest.mark.parametrize("body", [tasks.app_echo, tasks.app_fails])
def test_a_finished_operation_cannot_be_cancelled(owner, body):
    """A finished status never changes."""
    handle = submit(owner, body, "text")
    drain()
    status = row(owner, handle.id).status

    with pytest.raises(Conflict, match="cannot cancel"):
        cancel(owner, handle.id)

    assert row(owner, handle.id).status is status


def test_a_running_operation_that_is_not_cancellable_goes_on(owner, hold):
    """Its row does not offer it, and the verb refuses."""
    handle = submit(owner, tasks.app_steadfast, hold)
    hold.entered()

    assert row(owner, handle.id).actions == ()
    with pytest.raises(Conflict, match="it is RUNNING"):
        cancel(owner, handle.id)

    hold.open()
    drain()
    assert row(owner, handle.id).status is Status.SUCCESSFUL


def test_a_waiting_operation_can_always_be_cancelled(settings, owner, make_hold):
    """`cancellable` is about what runs."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    hold, never = make_hold(), make_hold()
    submit(owner, tasks.app_held, hold)
    hold.entered()
    handle = submit(owner, tasks.app_steadfast, never)

    assert row(owner, handle.id).actions == ("cancel",)
    cancel(owner, handle.id)

    assert row(owner, handle.id).status is Status.CANCELLED
    hold.open()
    drain()
    assert never.entries == 0


# -- cancelling ------------------------------------------------------------------------


def test_a_waiting_operation_is_cancelled_at_once(settings, owner, hold):
    """The row says CANCELLED before the loop has seen the request."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    submit(owner, tasks.app_held, hold)
    hold.entered()
    handle = submit(owner, tasks.app_echo, 1)

    cancel(owner, handle.id)
    seen = row(owner, handle.id)

    assert seen.status is Status.CANCELLED
    assert seen.is_finished
    assert not seen.is_cancelling
    assert seen.finished_at is not None
    assert seen.position is None
    assert seen.actions == ("retry", "dismiss")


def test_a_cancelled_waiting_operation_never_starts_though_its_turn_is_due(owner):
    """Cancelled between its acceptance and the loop's next turn."""
    started = []

    async def start():
        started.append(1)

    # On the pool's own loop nothing can come between the two calls.
    def submit_and_cancel():
        handle = submit(owner, tasks.app_call, start)
        cancel(owner, handle.id)
        return handle

    handle = on_loop(submit_and_cancel)
    drain()

    assert started == []
    assert row(owner, handle.id).status is Status.CANCELLED


def test_a_running_operation_shows_that_it_is_being_cancelled(owner, make_hold):
    """Until its body has ended; then it is CANCELLED whatever the body did."""
    hold = make_hold()
    handle = submit(owner, tasks.app_plain_held, hold)
    hold.entered()

    cancel(owner, handle.id)
    seen = row(owner, handle.id)

    assert (seen.status, seen.is_cancelling) == (Status.RUNNING, True)
    assert seen.actions == ()
    assert seen.status_text == "Stopping…"
    hold.open()
    drain()
    assert row(owner, handle.id).status is Status.CANCELLED


def test_cancelling_twice_is_cancelling_once(owner, make_hold):
    """While it still ends and after it has."""
    hold = make_hold()
    handle = submit(owner, tasks.app_plain_held, hold)
    hold.entered()
    cancel(owner, handle.id)
    cancel(owner, handle.id)
    hold.open()
    drain()

    cancel(owner, handle.id)

    assert row(owner, handle.id).status is Status.CANCELLED
    assert pool.statistics().cancelled == 1


def test_a_cancelled_operation_can_be_tried_again(owner, make_hold):
    """Its arguments are held as long as its handle."""
    hold = make_hold()
    handle = submit(owner, tasks.app_held, hold, "value")
    hold.entered()
    cancel(owner, handle.id)
    drain()
    hold.open()

    again = retry(owner, handle.id)
    drain()

    assert result(owner, again.id) == "value"


# -- the end of an owner ---------------------------------------------------------------


def test_an_owner_that_ends_takes_everything_along(owner, make_hold, nudges):
    """Running, waiting and finished; its listeners are called at its end."""
    hold = make_hold()
    submit(owner, tasks.app_held, hold)
    submit(owner, tasks.app_echo, 1)
    hold.entered()

    end_owner(owner)

    assert window(owner) == ()
    assert nudges.ended == [owner]
    hold.left()
    drain()
    assert kept() == 0


def test_ending_an_owner_that_never_was_changes_nothing(owner):
    """A logout of a visitor without operations."""
    end_owner(owner)

    assert pool.current() is None


# -- the cache -------------------------------------------------------------------------


def test_a_handle_pickles_small_and_without_content(owner):
    """It is what the cache keeps."""
    handle = submit(owner, tasks.app_labelled, "secret", language="fr")

    data = pickle.dumps(handle)

    assert pickle.loads(data) == handle
    assert isinstance(handle, Handle)
    assert b"secret" not in data


@pytest.fixture
def shared_cache(settings):
    """The windows live in a cache of the site."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": "windows",
            "OPTIONS": {"MAX_ENTRIES": 1000},
        }
    }
    settings.EPHEMERAL_TASKS = {"CACHE_ALIAS": "default", "MAX_OWNERS": 500}
    yield caches["default"]
    caches["default"].clear()


def test_windows_live_in_the_cache_that_a_setting_names(shared_cache, owner):
    """By its alias in CACHES."""
    submit(owner, tasks.app_echo, 1)

    assert len(shared_cache._cache) == 1


def test_a_cleared_cache_is_noticed(shared_cache, task_clock, owner, hold):
    """What no handle names is cancelled and forgotten within SWEEP_SECONDS."""
    submit(owner, tasks.app_held, hold)
    hold.entered()

    shared_cache.clear()
    assert window(owner) == ()
    task_clock.advance(30)

    hold.left()
    assert kept() == 0


def test_a_cleared_cache_is_noticed_by_the_next_submission(shared_cache, owner, hold):
    """It does not wait for the sweep."""
    submit(owner, tasks.app_held, hold)
    hold.entered()
    shared_cache.clear()

    newest = submit(owner, tasks.app_echo, 1)

    hold.left()
    assert ids(owner) == [newest.id]


def test_the_private_store_is_none_of_the_sites_caches(settings, owner):
    """By default nothing of CACHES is touched."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": "untouched",
        }
    }
    submit(owner, tasks.app_echo, 1)

    assert not caches["default"]._cache
