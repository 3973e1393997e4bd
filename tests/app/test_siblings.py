"""``unique`` and ``supersede``: what an owner's other operations of a task mean."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ephemeral_tasks import (
    ClientFull,
    QueueFull,
    UnknownOperation,
    WindowFull,
    cancel,
    pool,
    retry,
    submit,
    window,
)
from ephemeral_tasks.clients import Owner
from ephemeral_tasks.core import Status
from ephemeral_tasks.digests import digest_arguments
from ephemeral_tasks.submission import submit_once
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.test_hammer import EACH, in_threads


def statuses(owner):
    """The statuses of the owner's operations, newest first."""
    return [row.status for row in window(owner)]


# -- unique ----------------------------------------------------------------------------


def test_an_unfinished_equal_one_is_the_answer(owner, hold):
    """Only the named arguments count, defaults included."""
    first = submit(owner, tasks.app_unique, hold, "a")

    again = submit(owner, tasks.app_unique, hold, document="a", language="es", note="x")

    assert again == first
    assert pool.statistics().accepted == 1


@pytest.mark.parametrize("other", [{"document": "b"}, {"language": "fr"}])
def test_other_arguments_make_another_one(owner, hold, other):
    """One of them is enough."""
    submit(owner, tasks.app_unique, hold, document="a")

    submit(owner, tasks.app_unique, hold, **{"document": "a", **other})

    assert len(window(owner)) == 2


def test_another_owners_is_no_answer(make_owner, hold):
    """Nobody learns what others do."""
    handles = [submit(make_owner(), tasks.app_unique, hold, "a") for _ in range(2)]

    assert len({handle.id for handle in handles}) == 2


def test_a_finished_one_is_no_answer(owner, hold):
    """The work is done anew."""
    hold.open()
    submit(owner, tasks.app_unique, hold, "a")
    drain()

    submit(owner, tasks.app_unique, hold, "a")
    drain()

    assert statuses(owner) == [Status.SUCCESSFUL] * 2


def test_one_that_is_being_cancelled_is_no_answer(owner, make_hold):
    """Whoever cancelled it and starts again wants a result."""
    hold = make_hold()
    hold.is_stubborn = True
    first = submit(owner, tasks.app_unique, hold, "a")
    hold.entered()
    cancel(owner, first.id)

    second = submit(owner, tasks.app_unique, hold, "a")

    assert second.id != first.id


def test_one_that_left_the_window_is_no_answer(owner, make_hold, settings):
    """Nobody could look at it."""
    settings.EPHEMERAL_TASKS = {"WINDOW_SIZE": 1}
    hold = make_hold()
    hold.is_stubborn = True
    first = submit(owner, tasks.app_unique, hold, "a")
    hold.entered()
    submit(owner, tasks.app_echo, 1)

    second = submit(owner, tasks.app_unique, hold, "a")

    assert [row.id for row in window(owner)] == [second.id] != [first.id]


def test_an_equal_one_is_the_answer_of_a_full_pool(owner, make_owner, hold, settings):
    """Nothing new was asked for, so nothing is refused."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "MAX_WAITING": 0}
    first = submit(owner, tasks.app_unique, hold, "a")

    assert submit(owner, tasks.app_unique, hold, "a") == first
    with pytest.raises(QueueFull):
        submit(make_owner(), tasks.app_unique, hold, "a")


def test_a_form_sent_again_later_is_unique_as_well(owner, hold):
    """Each page has a key of its own."""
    arguments = {"hold": hold, "document": "a"}
    first = submit_once(owner, tasks.app_unique, "key 1", arguments)

    assert submit_once(owner, tasks.app_unique, "key 2", arguments) == first


def test_a_retry_is_answered_by_an_equal_one(owner, make_hold):
    """And the one that was to be tried again stays as it was."""
    hold = make_hold()
    old = submit(owner, tasks.app_unique, hold, "a")
    cancel(owner, old.id)
    drain()
    current = submit(owner, tasks.app_unique, hold, "a")
    before = [row.id for row in window(owner)]

    assert retry(owner, old.id) == current
    assert [row.id for row in window(owner)] == before == [current.id, old.id]


def test_a_retry_is_the_answer_to_an_equal_submission(owner, hold):
    """It has the same arguments."""
    old = submit(owner, tasks.app_unique, hold, "a")
    cancel(owner, old.id)
    drain()
    again = retry(owner, old.id)

    assert submit(owner, tasks.app_unique, hold, "a") == again


def test_many_threads_make_one(owner, hold):
    """However many ask at once."""
    given = in_threads(
        lambda _: [submit(owner, tasks.app_unique, hold, "a") for _ in range(EACH)]
    )

    assert len({handle.id for some in given for handle in some}) == 1
    assert pool.statistics().accepted == 1


def test_threads_that_cancel_leave_at_most_one_alive(owner, hold):
    """Two unfinished ones are never there unless one of them is ending."""
    wrong = []

    def work(number):
        for _ in range(EACH // 4):
            handle = submit(owner, tasks.app_unique, hold, "a")
            rows = [row for row in window(owner) if not row.is_finished]
            if sum(not row.is_cancelling for row in rows) > 1:
                wrong.append(rows)
            try:
                cancel(owner, handle.id)
            except UnknownOperation:
                continue

    in_threads(work)
    hold.open()
    drain()

    assert wrong == []


# -- equal -----------------------------------------------------------------------------


def upload(content=b"content", name="a.txt"):
    """A file as a form gives it."""
    return SimpleUploadedFile(name, content)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}),
        ({"x", "y", "z"}, {"z", "y", "x"}),
        (upload(), upload()),
        ([upload(), 1], [upload(), 1]),
    ],
    ids=["dict", "set", "file", "files"],
)
def test_equal_values_have_equal_digests(first, second):
    """Whatever objects they are, and in whatever order they were filled."""
    one, other = (digest_arguments("task", {"a": each}) for each in (first, second))

    assert one == other


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1, 2], [2, 1]),
        ([1, 2], (1, 2)),
        (upload(), upload(b"other")),
        (upload(), upload(name="b.txt")),
        ({"a": 1}, [("a", 1)]),
        (io.StringIO, lambda: 1),
        (object(), lambda: 1),
    ],
)
def test_other_values_have_other_digests(first, second):
    """Also what can never be equal to anything."""
    one, other = (digest_arguments("task", {"a": each}) for each in (first, second))

    assert one != other


# -- supersede -------------------------------------------------------------------------


def test_a_newer_one_cancels_the_older_ones(owner, make_hold, settings):
    """Those that run and those that wait; they stay in the table."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 2, "MAX_RUNNING_PER_OWNER": 2}
    hold = make_hold()
    other = submit(owner, tasks.app_held, hold)
    first = submit(owner, tasks.app_newest, hold)
    hold.entered(2)
    pool.pause()
    second = submit(owner, tasks.app_newest, hold)
    third = submit(owner, tasks.app_newest, hold)
    pool.resume()
    hold.entered(3)

    assert [(row.id, row.status) for row in window(owner)] == [
        (third.id, Status.RUNNING),
        (second.id, Status.CANCELLED),
        (first.id, Status.CANCELLED),
        (other.id, Status.RUNNING),
    ]


def test_another_owners_is_left_alone(make_owner, hold):
    """Visitors do not meet."""
    first, second = make_owner(), make_owner()
    for owner in (first, second):
        submit(owner, tasks.app_newest, hold)
    hold.entered(2)

    assert statuses(first) == statuses(second) == [Status.RUNNING]


@pytest.mark.parametrize(
    "bounds",
    [
        {"MAX_RUNNING": 1, "MAX_WAITING": 0},
        {"WINDOW_SIZE": 1, "WHEN_WINDOW_FULL": "refuse"},
    ],
)
def test_a_refused_one_cancels_nothing(owner, hold, settings, bounds):
    """A refused submission changes nothing."""
    settings.EPHEMERAL_TASKS = bounds
    submit(owner, tasks.app_newest, hold)
    hold.entered()

    with pytest.raises((QueueFull, WindowFull)):
        submit(owner, tasks.app_newest, hold)

    (row,) = window(owner)
    assert (row.status, row.is_cancelling) == (Status.RUNNING, False)


@pytest.mark.parametrize(
    "bounds",
    [
        {"MAX_WAITING": 1},
        {"CLIENT_OF": "site.client_of", "MAX_WAITING_PER_CLIENT": 1},
    ],
)
def test_a_newer_one_has_the_place_of_a_waiting_one(
    make_owner, make_hold, settings, bounds
):
    """In a full pool, too; it is the only one that waits then."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, **bounds}
    hold, owner = make_hold(), Owner.of(make_owner(), "c")
    submit(make_owner(), tasks.app_held, hold)
    hold.entered()
    submit(owner, tasks.app_newest, hold)

    submit(owner, tasks.app_newest, hold)

    assert statuses(owner) == [Status.READY, Status.CANCELLED]
    assert pool.statistics().waiting == 1
    with pytest.raises((QueueFull, ClientFull)):
        submit(owner, tasks.app_held, hold)


def test_a_retry_is_a_newer_one(owner, make_hold):
    """Whatever was submitted meanwhile."""
    hold = make_hold()
    old = submit(owner, tasks.app_newest, hold)
    cancel(owner, old.id)
    drain()
    submit(owner, tasks.app_newest, hold)

    again = retry(owner, old.id)
    hold.open()
    drain()

    assert {row.id: row.status for row in window(owner)}[again.id] == "SUCCESSFUL"
    assert sorted(statuses(owner)) == [Status.CANCELLED, Status.SUCCESSFUL]


def test_an_equal_one_supersedes_nothing(owner, hold):
    """It is no new one: with both policies what runs goes on."""
    first = submit(owner, tasks.app_newest_unique, hold, "a")
    hold.entered()

    assert submit(owner, tasks.app_newest_unique, hold, "a") == first
    assert statuses(owner) == [Status.RUNNING]

    submit(owner, tasks.app_newest_unique, hold, "b")
    assert window(owner)[1].is_cancelling or statuses(owner)[1] is Status.CANCELLED


def test_of_many_threads_one_is_the_newest(owner, make_hold):
    """The one that was accepted last is the only one that is not cancelled."""
    hold = make_hold()
    in_threads(
        lambda n: [submit(owner, tasks.app_newest, hold, n) for _ in range(EACH // 4)]
    )
    newest, *others = window(owner)
    hold.open()
    drain()

    assert window(owner)[0].id == newest.id
    assert statuses(owner) == [Status.SUCCESSFUL] + [Status.CANCELLED] * len(others)
    assert pool.statistics().successful == 1
    pool.get().ledger.check()
