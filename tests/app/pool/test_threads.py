"""Plain functions run in the pool's own threads."""

import threading
from contextvars import copy_context
from functools import partial

from ephemeral_tasks import (
    OperationCancelled,
    cancel,
    current_operation,
    pool,
    progress,
    result,
    submit,
)
from ephemeral_tasks.core import Status
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.submission import row
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.app.conftest import on_loop, settle


def runs(owner):
    """Submit trifles and return whether the pool still works."""
    handles = [submit(owner, one, 1) for one in (tasks.app_echo, tasks.app_plain_echo)]
    drain()
    return [result(owner, one.id) for one in handles] == [1, 1]


def test_a_plain_function_runs_in_a_daemon_thread_of_the_pool(owner):
    """Not on the loop, and not in anybody else's threads."""
    handle = submit(owner, tasks.app_plain_call, threading.current_thread)
    drain()
    thread = result(owner, handle.id)

    assert thread.name.startswith("ephemeral-tasks-")
    assert thread.daemon
    assert thread is not on_loop(threading.current_thread)


def test_a_plain_body_may_report_progress(owner, make_hold):
    """As an async one does."""
    hold = make_hold()

    def body():
        progress(1, 2, "half")
        hold.stop_plain()

    handle = submit(owner, tasks.app_plain_call, body)
    hold.entered()

    assert row(owner, handle.id).progress == (1, 2, "half")


def test_a_plain_body_that_was_cancelled_ends_at_its_next_progress(owner, make_hold):
    """It raises OperationCancelled there."""
    hold = make_hold()
    handle = submit(owner, tasks.app_plain_progress, hold, lambda: False)
    hold.entered()

    cancel(owner, handle.id)
    assert row(owner, handle.id).is_cancelling
    hold.open()
    drain()

    assert row(owner, handle.id).status is Status.CANCELLED


def test_a_plain_body_may_ask_whether_it_was_cancelled(owner, make_hold):
    """And end in its own way."""
    hold = make_hold()
    seen = []

    def body():
        mine = current_operation()
        seen.append(mine.is_cancelled)
        hold.stop_plain()
        seen.append(mine.is_cancelled)

    handle = submit(owner, tasks.app_plain_call, body)
    hold.entered()
    cancel(owner, handle.id)
    hold.open()
    drain()

    assert seen == [False, True]


def test_a_plain_bodys_own_threads_report_for_it(owner, make_hold):
    """With its end of the operation, or in a copy of its context; as docs say."""
    hold = make_hold()
    ended = []

    def work(report):
        try:
            report(1, 2)
            hold.stop_plain()
            report(2, 2)
        except OperationCancelled:
            ended.append(report)

    def body():
        ways = [current_operation().progress, partial(copy_context().run, progress)]
        threads = [threading.Thread(target=work, args=(way,)) for way in ways]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    handle = submit(owner, tasks.app_plain_call, body)
    hold.entered(2)

    assert row(owner, handle.id).progress == (1, 2, "")
    cancel(owner, handle.id)
    hold.open()
    drain()
    assert len(ended) == 2


def test_a_plain_body_keeps_its_slot_until_it_returns(
    settings, owner, make_owner, make_hold
):
    """A thread cannot be stopped."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1}
    hold = make_hold()
    handle = submit(owner, tasks.app_plain_held, hold, "value")
    hold.entered()
    submit(make_owner(), tasks.app_echo, 1)

    cancel(owner, handle.id)
    settle()

    statistics = pool.statistics()
    assert (statistics.running, statistics.waiting) == (1, 1)
    hold.open()
    drain()
    assert row(owner, handle.id).status is Status.CANCELLED


def test_a_plain_body_that_took_too_long_is_not_tried_again_before_it_returns(
    task_clock, owner, make_hold
):
    """One attempt at a time."""
    hold = make_hold()
    handle = submit(owner, tasks.app_plain_timed, hold)
    hold.entered()

    task_clock.advance(30)
    task_clock.advance(60)

    assert hold.entries == 1
    assert row(owner, handle.id).attempt == 1
    hold.pass_one()
    hold.left()
    settle()
    task_clock.advance(1)
    hold.entered(2)
    task_clock.advance(30)
    hold.pass_one()
    drain()
    seen = row(owner, handle.id)
    assert (seen.attempt, seen.status) == (2, Status.FAILED)
    assert seen.error.message == "The task took too long."


def test_the_pools_threads_are_no_more_than_may_run(settings, make_owner, hold):
    """And they are used again."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 3}
    for _ in range(10):
        submit(make_owner(), tasks.app_plain_held, hold)
    hold.entered(3)
    hold.open()
    drain()

    assert len(pool.get().threads._threads) == 3


def test_a_system_without_threads_fails_the_operation(owner, monkeypatch, caplog):
    """The pool goes on, and the next one runs when there are some again."""

    def fail(thread):
        raise RuntimeError("can't start new thread")

    submit(owner, tasks.app_echo, 1)
    drain()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        handle = submit(owner, tasks.app_plain_echo, 1)
        waited = threading.Event()
        pool.get().loop.post(waited.set)
        assert waited.wait(PATIENCE_SECONDS)
        settle()

    assert row(owner, handle.id).status is Status.FAILED
    assert runs(owner)
