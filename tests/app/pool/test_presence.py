"""``on_leave="cancel"``: what an owner has left is cancelled after 30 seconds."""

import gc
import weakref

import pytest

from ephemeral_tasks import cancel, dismiss, pool, retry, submit, window
from ephemeral_tasks.core import Status
from ephemeral_tasks.pool import presence
from ephemeral_tasks.submission import row
from ephemeral_tasks.testing import drain
from tests.app import tasks


@pytest.fixture
def watched(monkeypatch):
    """The owners that a socket watches."""
    owners = set()
    monkeypatch.setattr(presence, "_counts", (owners.__contains__,))
    return owners


def status_of(owner):
    """The status of the owner's newest operation, without a look at the window."""
    return pool.get().ledger.memory.of(owner)[0].status


def test_whoever_never_looks_has_left(task_clock, owner, hold):
    """Counted from the submission."""
    submit(owner, tasks.app_left, hold)
    hold.entered()

    task_clock.advance(29.0)
    assert status_of(owner) is Status.RUNNING

    task_clock.advance(1.0)
    drain()
    assert status_of(owner) is Status.CANCELLED


@pytest.mark.parametrize(
    "look", [window, lambda owner: row(owner, window(owner)[0].id)]
)
def test_a_poll_says_that_the_owner_is_there(task_clock, owner, hold, look):
    """Counted from the last look."""
    submit(owner, tasks.app_left, hold)
    hold.entered()
    for _ in range(5):
        task_clock.advance(20.0)
        look(owner)

    task_clock.advance(29.0)
    assert status_of(owner) is Status.RUNNING

    task_clock.advance(1.0)
    drain()
    assert status_of(owner) is Status.CANCELLED


def test_a_socket_says_so_as_long_as_it_is_open(task_clock, owner, hold, watched):
    """However long nothing happens on it."""
    watched.add(owner)
    submit(owner, tasks.app_left, hold)
    hold.entered()

    task_clock.advance(600.0)

    assert status_of(owner) is Status.RUNNING


def test_an_operation_that_waits_is_left_as_well(task_clock, owner, make_owner, hold):
    """It never starts."""
    pool.pause()
    submit(owner, tasks.app_left, hold)

    task_clock.advance(30.0)

    assert status_of(owner) is Status.CANCELLED
    pool.resume()


def test_others_are_kept(task_clock, owner, hold):
    """It is the task's word, and "keep" is the default."""
    submit(owner, tasks.app_held, hold)
    hold.entered()

    task_clock.advance(600.0)

    assert status_of(owner) is Status.RUNNING


def test_a_retry_is_watched_as_well(task_clock, owner, hold):
    """It is a new operation."""
    first = submit(owner, tasks.app_left, hold)
    cancel(owner, first.id)
    drain()
    retry(owner, first.id)

    task_clock.advance(30.0)
    drain()

    assert status_of(owner) is Status.CANCELLED


def test_a_cache_that_fails_says_nothing(task_clock, owner, hold, monkeypatch):
    """It is asked again."""
    submit(owner, tasks.app_left, hold)
    hold.entered()
    with monkeypatch.context() as patch:
        patch.setattr("ephemeral_tasks.windows._load", broken)
        task_clock.advance(30.0)
    assert status_of(owner) is Status.RUNNING

    task_clock.advance(30.0)
    drain()
    assert status_of(owner) is Status.CANCELLED


def test_no_timer_keeps_what_has_ended(task_clock, owner, hold):
    """It goes by the operation's id."""
    hold.open()
    handle = submit(owner, tasks.app_left, hold)
    drain()
    operation = weakref.ref(pool.get().ledger.memory.get(handle.id))

    gc.disable()
    dismiss(owner, handle.id)
    task_clock.advance(0.0)
    is_gone = operation() is None
    gc.enable()

    assert is_gone


def broken(owner):
    """A cache whose server is away."""
    raise ConnectionError
