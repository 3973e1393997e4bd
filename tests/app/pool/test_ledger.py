"""What the ledger decides where two things happen at once."""

import pytest

from ephemeral_tasks import cancel, pool, submit, window
from ephemeral_tasks.core import Status
from ephemeral_tasks.testing import drain
from tests.app import tasks


@pytest.fixture
def paused(task_clock, settings, owner):
    """An operation between two attempts, ten seconds apart."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING_PER_OWNER": 1}

    async def fail():
        raise ValueError

    handle = submit(owner, tasks.app_retried, fail)
    task_clock.advance(0.0)
    operation = pool.get().ledger.memory.get(handle.id)
    assert (operation.status, operation.attempt) == (Status.READY, 1)
    return operation


def test_the_next_starts_when_one_between_attempts_is_cancelled(paused, owner):
    """It held its owner's only turn."""
    submit(owner, tasks.app_echo, 1)
    assert [row.status for row in window(owner)] == [Status.READY] * 2

    cancel(owner, paused.id)
    drain()

    statuses = [row.status for row in window(owner)]
    assert statuses == [Status.SUCCESSFUL, Status.CANCELLED]


def test_a_cancel_comes_before_an_attempt_that_is_due(task_clock, paused, owner):
    """The loop has not heard of it yet when the pause ends."""
    ledger = pool.get().ledger
    is_cancelled, change = ledger.cancel(paused)
    task_clock.advance(10.0)
    pool.get().follow(change)
    drain()

    assert is_cancelled
    assert (paused.status, paused.attempt) == (Status.CANCELLED, 1)
    ledger.check()


def test_all_are_cancelled_and_none_of_them_starts(paused, owner, make_owner, hold):
    """Those that wait go first: an end would start them."""
    running = submit(make_owner(), tasks.app_held, hold)
    hold.entered()
    for _ in range(2):
        submit(owner, tasks.app_held, hold)
    ledger = pool.get().ledger

    pool.get().follow(ledger.cancel_all())
    drain()

    assert hold.entries == 1
    assert ledger.memory.get(running.id).status is Status.CANCELLED
    assert {row.status for row in window(owner)} == {Status.CANCELLED}
    ledger.check()


def test_a_signal_handler_may_call_the_pool_at_any_time(owner):
    """Also where it interrupts a thread that is inside the ledger."""
    submit(owner, tasks.app_echo, 1)
    drain()
    ledger = pool.get().ledger

    with ledger._lock:  # as the interrupted call holds it
        pool.drain(0.0)

    assert ledger.is_closed
