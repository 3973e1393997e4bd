"""Running a task's function: async, plain, misbehaving."""

import asyncio
import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections

from ephemeral_tasks import (
    TaskFailed,
    cancel,
    pool,
    progress,
    result,
    submit,
)
from ephemeral_tasks.core import Status
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.errors import OperationCancelled
from ephemeral_tasks.submission import row
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.conftest import settle


def runs(owner):
    """Submit a trifle and return whether the pool still works."""
    handle = submit(owner, tasks.app_echo, "alive")
    plain = submit(owner, tasks.app_plain_echo, "alive")
    drain()
    return [result(owner, one.id) for one in (handle, plain)] == ["alive"] * 2


# -- what a body may raise -------------------------------------------------------------


@pytest.mark.parametrize("body", [tasks.app_call, tasks.app_plain_call])
@pytest.mark.parametrize(
    "kind", [SystemExit, KeyboardInterrupt, GeneratorExit, BaseException, MemoryError]
)
def test_what_would_end_a_process_ends_only_its_operation(owner, body, kind):
    """`sys.exit()` in a task is a failure."""

    async def awaited():
        raise kind("secret")

    def called():
        raise kind("secret")

    function = awaited if body is tasks.app_call else called
    handle = submit(owner, body, function)
    drain()

    assert row(owner, handle.id).status is Status.FAILED
    assert row(owner, handle.id).error.message == "The task failed."
    assert runs(owner)


def test_a_body_that_raises_stop_iteration_fails(owner):
    """No future takes that error."""

    def body():
        raise StopIteration

    handle = submit(owner, tasks.app_plain_call, body)
    drain()

    assert row(owner, handle.id).status is Status.FAILED


def yields():
    """A generator function, which a decorator may hide."""
    yield 1


async def yields_later():
    """An async one."""
    yield 1


async def waits():
    """A coroutine function."""


@pytest.mark.parametrize("function", [yields, yields_later, waits])
@pytest.mark.parametrize("body", [tasks.app_call, tasks.app_plain_call])
def test_what_never_ran_is_no_result(owner, body, function):
    """A plain wrapper's coroutine is awaited; any other is a failure."""

    async def awaited():
        return function()

    handle = submit(owner, body, awaited if body is tasks.app_call else function)
    drain()

    is_run = body is tasks.app_plain_call and function is waits
    expected = Status.SUCCESSFUL if is_run else Status.FAILED
    assert row(owner, handle.id).status is expected


def test_a_task_that_a_body_started_may_exit_without_ending_the_pool(owner):
    """The loop passes SystemExit on to its thread, which goes on."""

    async def exit_later():
        raise SystemExit

    async def body():
        child = asyncio.ensure_future(exit_later())
        await asyncio.wait([child])
        child.exception()
        return "done"

    handle = submit(owner, tasks.app_call, body)
    drain()

    assert result(owner, handle.id) == "done"
    assert runs(owner)


def test_a_callback_that_a_body_left_may_fail_without_ending_the_pool(owner, caplog):
    """Asyncio logs it; nothing else happens."""

    async def body():
        asyncio.get_running_loop().call_soon(int, "no number")

    submit(owner, tasks.app_call, body)
    drain()
    settle()

    assert runs(owner)


def test_a_body_that_cancels_itself_is_cancelled(owner):
    """As a task of asyncio would be."""

    async def body():
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    handle = submit(owner, tasks.app_call, body)
    drain()

    assert row(owner, handle.id).status is Status.CANCELLED


# -- cancellation ----------------------------------------------------------------------


def test_a_cancelled_body_cleans_up(owner, make_hold):
    """Its `finally` runs, and it may wait there."""
    hold, cleaning = make_hold(), make_hold()

    async def body():
        try:
            await hold.stop()
        finally:
            await cleaning.stop()

    handle = submit(owner, tasks.app_call, body)
    hold.entered()
    cancel(owner, handle.id)
    cleaning.entered()

    assert row(owner, handle.id).is_cancelling
    cleaning.open()
    drain()
    assert row(owner, handle.id).status is Status.CANCELLED


@pytest.mark.parametrize("ending", ["returns", "raises"])
def test_a_body_that_swallows_cancellation_ends_cancelled(owner, make_hold, ending):
    """Whatever it does: once asked for, CANCELLED is the end."""
    hold = make_hold()

    async def body():
        try:
            await hold.stop()
        except asyncio.CancelledError:
            if ending == "raises":
                raise TaskFailed("no") from None
        return "value"

    handle = submit(owner, tasks.app_call, body)
    hold.entered()
    cancel(owner, handle.id)
    drain()

    seen = row(owner, handle.id)
    assert (seen.status, seen.error) == (Status.CANCELLED, None)
    with pytest.raises(OperationCancelled):
        result(owner, handle.id)


def test_a_cancelled_body_that_goes_on_keeps_its_slot(
    settings, owner, make_owner, make_hold
):
    """Nothing starts in its place until it has ended."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    hold = make_hold()
    handle = submit(owner, tasks.app_stubborn, hold)
    hold.entered()
    other = submit(make_owner(), tasks.app_echo, 1)

    cancel(owner, handle.id)
    hold.entered(2)  # it came back to its hold

    statistics = pool.statistics()
    assert (statistics.running, statistics.waiting) == (1, 1)
    assert row(owner, handle.id).is_cancelling
    hold.open()
    drain()
    assert row(owner, handle.id).status is Status.CANCELLED
    assert pool.statistics().successful == 1
    assert other


# -- the database ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_connections_are_looked_at_around_a_plain_body(owner, monkeypatch):
    """Before, a stale one is closed; after, one past its age."""
    looked = []

    def look(what="look"):
        looked.append((_thread(), what))

    monkeypatch.setattr("ephemeral_tasks.pool.threads.close_old_connections", look)

    def body():
        look("body")
        count = User.objects.count()
        connection.close()
        return count

    handle = submit(owner, tasks.app_plain_call, body)
    drain()

    assert result(owner, handle.id) == 0
    thread = next(thread for thread, what in looked if what == "body")
    mine = [what for by, what in looked if by == thread]
    assert mine[:3] == ["look", "body", "look"]


def test_a_connection_that_cannot_be_closed_fails_the_operation_alone(
    owner, monkeypatch, nudges
):
    """The thread lives on."""

    def fail():
        raise OSError("connection")

    with monkeypatch.context() as patch:
        patch.setattr("ephemeral_tasks.pool.threads.close_old_connections", fail)
        handle = submit(owner, tasks.app_plain_echo, 1)
        nudges.until(lambda: row(owner, handle.id).status is Status.FAILED)

    assert runs(owner)


@pytest.mark.django_db(transaction=True)
def test_two_async_bodies_have_two_connections(owner, make_hold):
    """Each its own executor: a slow query of one holds up no other."""
    hold = make_hold()

    async def body():
        await User.objects.acount()
        mine = await _connection_id()
        await hold.stop()
        return mine, await _connection_id()

    handles = [submit(owner, tasks.app_call, body) for _ in range(2)]
    hold.entered(2)
    hold.open()
    drain()
    first, second = (result(owner, one.id) for one in handles)

    assert first[0] == first[1]  # one executor for all of a body
    assert second[0] == second[1]
    assert first[0] != second[0]


async def _connection_id():
    from asgiref.sync import sync_to_async

    return await sync_to_async(lambda: (id(connection.connection), _thread()))()


def _thread():
    return threading.current_thread().name


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ending", ["returns", "raises", "is cancelled"])
def test_an_executor_ends_with_its_body(owner, make_hold, ending, monkeypatch):
    """Its connection is closed and its thread is gone, however the body ended."""
    hold = make_hold()
    executors = []

    async def body():
        from asgiref.sync import sync_to_async

        await User.objects.acount()
        executors.append(
            await sync_to_async(lambda: (threading.current_thread(), _opened()))()
        )
        if ending == "raises":
            raise ValueError
        if ending == "is cancelled":
            await hold.stop()

    handle = submit(owner, tasks.app_call, body)
    if ending == "is cancelled":
        hold.entered()
        cancel(owner, handle.id)
    drain()

    ((thread, opened),) = executors
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert [one.connection for one in opened] == [None]


def _opened():
    return connections.all(initialized_only=True)


@pytest.mark.django_db(transaction=True)
def test_many_bodies_leave_no_thread_behind(make_owner):
    """A hundred executors came and went."""
    executors = set()

    async def body():
        from asgiref.sync import sync_to_async

        executors.add(await sync_to_async(threading.current_thread)())

    for _ in range(100):
        submit(make_owner(), tasks.app_call, body)
    drain()
    for thread in executors:
        thread.join(PATIENCE_SECONDS)

    assert not any(thread.is_alive() for thread in executors)


def test_a_body_that_asks_no_database_needs_no_thread(owner):
    """A executor is made when it is used."""
    before = threading.active_count()
    submit(owner, tasks.app_echo, 1)
    drain()

    assert threading.active_count() - before <= 3  # loop, watchdog, the drain's own


def test_a_cancelled_plain_body_ends_at_its_next_tracked_item(owner, hold):
    """As at a call of `progress()`; its source is closed."""
    closed = []

    def source():
        try:
            yield from range(10)
        finally:
            closed.append(True)

    def body():
        with progress.part(0.5, "Counting"):
            for _ in progress.track(source()):
                hold.stop_plain()

    handle = submit(owner, tasks.app_plain_call, body)
    hold.entered(1)
    cancel(owner, handle.id)
    hold.open()
    drain()

    assert row(owner, handle.id).status is Status.CANCELLED
    assert (hold.entries, closed) == (1, [True])
