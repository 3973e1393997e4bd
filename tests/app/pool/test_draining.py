"""Ending the pool: what goes on, what is cancelled, and when it is over."""

import asyncio
import gc
import logging
import threading
import time

import pytest

from ephemeral_tasks import (
    Closed,
    NotFinished,
    OperationCancelled,
    aresult,
    pool,
    result,
    retry,
    submit,
)
from ephemeral_tasks.core import Status
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.submission import row
from ephemeral_tasks.testing import drain as settle_all
from tests.app import tasks
from tests.app.conftest import on_loop, settle

BOUND = 2.0  # the second that clean-up may take, and a slow machine's share


def in_thread(function):
    """Run a function in a thread; returns the thread."""
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def test_accepted_work_is_finished(settings, make_owner, hold):
    """What runs and what waits."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    first, second = make_owner(), make_owner()
    running = submit(first, tasks.app_held, hold, "ran")
    waiting = submit(second, tasks.app_plain_echo, "waited")
    hold.entered()

    ending = in_thread(lambda: pool.drain(PATIENCE_SECONDS))
    hold.open()
    ending.join(PATIENCE_SECONDS)

    assert result(first, running.id) == "ran"
    assert result(second, waiting.id) == "waited"


def test_an_idle_pool_ends_at_once(owner):
    """Nobody waits for the drain's seconds when nothing runs."""
    submit(owner, tasks.app_echo, 1)
    settle_all()
    thread = pool.get().loop

    began = time.monotonic()
    pool.drain(60.0)

    assert time.monotonic() - began < PATIENCE_SECONDS
    assert not thread.is_alive()


def test_nothing_is_taken_from_then_on(owner, hold):
    """Closed, and when to come again; nothing changed."""
    failed = submit(owner, tasks.app_fails, "text")
    settle_all()
    submit(owner, tasks.app_held, hold)
    hold.entered()
    ending = in_thread(lambda: pool.drain(PATIENCE_SECONDS))
    while not pool.get().ledger.is_closed:
        settle(1)

    for refused in (
        lambda: submit(owner, tasks.app_echo, 1),
        lambda: retry(owner, failed.id),
    ):
        with pytest.raises(Closed) as raised:
            refused()
        assert raised.value.retry_after_seconds > 0
    assert not pool.is_healthy()
    assert pool.statistics().accepted == 2
    assert row(owner, failed.id).status is Status.FAILED

    hold.open()
    ending.join(PATIENCE_SECONDS)
    with pytest.raises(Closed):
        submit(owner, tasks.app_echo, 1)


def test_what_is_left_is_cancelled_within_a_second(
    settings, make_owner, make_hold, caplog
):
    """Running and waiting; a body's clean-up ran; one line says how many."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    hold = make_hold()
    first, second = make_owner(), make_owner()
    running = submit(first, tasks.app_held, hold)
    waiting = submit(second, tasks.app_echo, 1)
    hold.entered()

    began = time.monotonic()
    with caplog.at_level(logging.WARNING, "ephemeral_tasks"):
        pool.drain(0.0)

    assert time.monotonic() - began < BOUND
    assert hold.exits == 1
    assert row(first, running.id).status is Status.CANCELLED
    assert row(second, waiting.id).status is Status.CANCELLED
    assert caplog.messages == [
        "the process ends: cancelling 1 running and 1 waiting operations"
    ]


def test_a_drain_of_no_time_says_nothing_when_there_is_nothing(owner, caplog):
    """As under the autoreloader, at every change of a file."""
    submit(owner, tasks.app_echo, 1)
    settle_all()

    with caplog.at_level(logging.WARNING, "ephemeral_tasks"):
        pool.drain(0.0)

    assert caplog.messages == []


@pytest.mark.leaves_operations
@pytest.mark.parametrize("body", [tasks.app_plain_held, tasks.app_stubborn])
def test_a_body_that_does_not_end_holds_up_nobody(owner, make_hold, body):
    """Not longer than the bound."""
    hold = make_hold()
    submit(owner, body, hold)
    hold.entered()

    began = time.monotonic()
    pool.drain(0.0)

    assert time.monotonic() - began < BOUND
    assert not pool.get().loop.is_alive()


@pytest.mark.leaves_operations
def test_a_plain_body_may_return_after_the_end(owner, make_hold):
    """Its thread finds nobody to tell, and says nothing."""
    hold = make_hold()
    submit(owner, tasks.app_plain_held, hold)
    hold.entered()
    pool.drain(0.0)
    (thread,) = pool.get().threads._threads

    hold.open()

    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


def test_what_waits_between_attempts_is_finished_or_cancelled(owner):
    """It was accepted; here its pause is longer than the drain."""

    async def fail():
        raise ValueError

    handle = submit(owner, tasks.app_retried, fail)
    settle()
    assert row(owner, handle.id).attempt == 1

    pool.drain(0.0)

    assert row(owner, handle.id).status is Status.CANCELLED


def test_two_ends_at_once_are_one(owner, hold):
    """A server's hook and the interpreter's exit."""
    handle = submit(owner, tasks.app_held, hold, "value")
    hold.entered()

    endings = [in_thread(lambda: pool.drain(PATIENCE_SECONDS)) for _ in range(3)]
    hold.open()
    for ending in endings:
        ending.join(PATIENCE_SECONDS)

    assert not any(ending.is_alive() for ending in endings)
    assert result(owner, handle.id) == "value"


@pytest.mark.parametrize("is_busy", [False, True], ids=["idle", "busy"])
def test_none_of_many_ends_waits_its_whole_time(make_owner, make_hold, is_busy):
    """All that drain at once wait for the same event, and leave nothing unawaited."""
    for _ in range(20):
        hold, owner = make_hold(), make_owner()
        handle = submit(owner, tasks.app_held, hold, "value")
        hold.entered()
        if not is_busy:
            hold.open()
            settle_all()
        start = threading.Barrier(8)

        def end(start=start):
            start.wait(PATIENCE_SECONDS)
            pool.drain(60.0)

        endings = [in_thread(end) for _ in range(start.parties)]
        hold.open()
        for ending in endings:
            ending.join(PATIENCE_SECONDS)

        assert not any(ending.is_alive() for ending in endings)
        assert result(owner, handle.id) == "value"
        pool.reset()
    gc.collect()  # a coroutine that nobody awaited would warn now


def test_the_end_of_a_pool_that_never_was_is_nothing():
    """A process that submitted nothing."""
    pool.drain()

    assert pool.current() is None


def test_the_pools_own_thread_does_not_wait_for_itself(owner):
    """A body that ends the process would hang it."""
    submit(owner, tasks.app_echo, 1)
    settle_all()

    on_loop(lambda: pool.drain(PATIENCE_SECONDS))

    assert pool.get().loop.is_alive()


@pytest.mark.parametrize(("reloading", "seconds"), [("true", 0.0), (None, 7.0)])
def test_the_autoreloader_is_not_kept_waiting(
    settings, owner, monkeypatch, reloading, seconds
):
    """Otherwise DRAIN_SECONDS."""
    settings.EPHEMERAL_TASKS = {"DRAIN_SECONDS": 7.0}
    given = []
    monkeypatch.delenv("RUN_MAIN", raising=False)
    if reloading:
        monkeypatch.setenv("RUN_MAIN", reloading)
    submit(owner, tasks.app_echo, 1)
    settle_all()
    with monkeypatch.context() as patch:
        patch.setattr(
            "ephemeral_tasks.pool.draining.drain", lambda pool, took: given.append(took)
        )
        pool.drain()

    assert given == [seconds]


@pytest.mark.leaves_operations
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (tasks.app_held, OperationCancelled),
        # It goes on in its thread, and no loop is left to see its end.
        (tasks.app_plain_held, Closed),
    ],
)
async def test_a_waiter_gets_the_end(owner, make_hold, body, error):
    """Its operation was cancelled, or the pool has ended before it did."""
    hold = make_hold()
    handle = submit(owner, body, hold)
    await asyncio.to_thread(hold.entered)
    waiter = asyncio.ensure_future(aresult(owner, handle.id))
    await asyncio.sleep(0)

    await asyncio.to_thread(pool.drain, 0.0)

    with pytest.raises(error):
        await asyncio.wait_for(waiter, PATIENCE_SECONDS)


@pytest.mark.leaves_operations
async def test_a_wait_after_the_end_is_refused_or_ends(owner, make_hold):
    """A loop that stopped rings no bell; nobody waits for it for ever."""
    hold = make_hold()
    handle = submit(owner, tasks.app_plain_held, hold)
    await asyncio.to_thread(hold.entered)
    await asyncio.to_thread(pool.drain, 0.0)

    with pytest.raises((Closed, NotFinished)):
        await asyncio.wait_for(aresult(owner, handle.id), PATIENCE_SECONDS)


def test_rows_can_be_read_until_the_process_ends(owner):
    """What has finished is still there for the last answers."""
    handle = submit(owner, tasks.app_echo, "value")
    settle_all()

    pool.drain(0.0)

    assert result(owner, handle.id) == "value"
    assert row(owner, handle.id).status is Status.SUCCESSFUL


def test_after_a_reset_there_is_a_new_pool(owner):
    """For tests: everything is forgotten."""
    submit(owner, tasks.app_echo, 1)
    settle_all()
    old = pool.get()

    pool.reset()

    assert pool.current() is None
    handle = submit(owner, tasks.app_echo, 1)
    assert pool.get() is not old
    settle_all()
    assert result(owner, handle.id) == 1
