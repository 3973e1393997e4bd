"""Executors whose threads hold up nobody's exit."""

import threading
from functools import partial

import pytest

from ephemeral_tasks.pool import executors
from ephemeral_tasks.pool.executors import BodyExecutor, LoopExecutor

PATIENCE_SECONDS = 10


@pytest.fixture
def make_executor():
    """Makes executors and closes them."""
    made = []

    def make_executor():
        made.append(BodyExecutor())
        return made[-1]

    yield make_executor
    for executor in made:
        executor.close(int)


def fail():
    """Raise."""
    raise ValueError("no")


def test_an_executor_makes_its_calls_in_one_daemon_thread(make_executor):
    """In order, and not in the thread of another executor."""
    executor = make_executor()
    threads = [executor.submit(threading.current_thread) for _ in range(3)]
    other = make_executor().submit(threading.current_thread)

    assert len({one.result(PATIENCE_SECONDS) for one in threads}) == 1
    assert threads[0].result().daemon
    assert other.result(PATIENCE_SECONDS) is not threads[0].result()


def test_a_closed_executor_makes_a_last_call_and_ends(make_executor):
    """In its own thread; one that was never used makes none."""
    called = []
    executor, unused = make_executor(), make_executor()
    thread = executor.submit(threading.current_thread).result(PATIENCE_SECONDS)

    executor.close(partial(called.append, "used"))
    unused.close(partial(called.append, "unused"))

    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert called == ["used"]


@pytest.mark.parametrize("make", [BodyExecutor, LoopExecutor])
def test_an_error_reaches_who_waits(make):
    """And the thread makes the next call."""
    executor = make()

    with pytest.raises(ValueError, match="no"):
        executor.submit(fail).result(PATIENCE_SECONDS)

    assert executor.submit(int).result(PATIENCE_SECONDS) == 0


def test_the_loops_executor_runs_as_many_at_once_as_it_may():
    """The others wait for a thread, and it is a daemon."""
    executor = LoopExecutor()
    most = executor._max_workers
    together = threading.Barrier(most + 1)
    threads = [executor.submit(_meet, together) for _ in range(most)]
    waiting = executor.submit(threading.current_thread)
    assert not waiting.running()

    together.wait(PATIENCE_SECONDS)

    used = {one.result(PATIENCE_SECONDS) for one in threads}
    assert len(used) == most
    assert waiting.result(PATIENCE_SECONDS) in used
    assert waiting.result().daemon


def test_the_loops_executor_uses_an_idle_thread_again():
    """One call after the other needs one thread."""
    executor = LoopExecutor()
    first = executor.submit(threading.current_thread).result(PATIENCE_SECONDS)
    seen = {first}

    for _ in range(20):
        seen.add(executor.submit(threading.current_thread).result(PATIENCE_SECONDS))

    assert len(seen) <= 2  # the count of a call follows its result by a moment


def test_an_idle_thread_of_the_loops_executor_ends(monkeypatch):
    """After a while without calls; the next call starts another."""
    monkeypatch.setattr(executors, "_LINGER_SECONDS", 0.0)
    executor = LoopExecutor()

    thread = executor.submit(threading.current_thread).result(PATIENCE_SECONDS)
    thread.join(PATIENCE_SECONDS)

    assert not thread.is_alive()
    assert executor.submit(int).result(PATIENCE_SECONDS) == 0


def _meet(together):
    together.wait(PATIENCE_SECONDS)
    return threading.current_thread()
