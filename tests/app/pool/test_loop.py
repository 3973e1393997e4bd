"""A thread with a loop, and the way to it."""

import asyncio
import logging
import sys
import threading
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured

from ephemeral_tasks import submit, window
from ephemeral_tasks.core.errors import Closed
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.pool.loop import LoopThread
from ephemeral_tasks.testing import drain
from tests.app import tasks


@pytest.fixture
def loop_thread():
    """A loop that turns until the test's end."""
    made = LoopThread("tests-loop")
    made.start()
    yield made
    made.stop(PATIENCE_SECONDS)
    assert not made.is_alive()


def wait_for(loop_thread):
    """Wait until all that was posted before has been called."""
    is_done = threading.Event()
    loop_thread.post(is_done.set)
    assert is_done.wait(PATIENCE_SECONDS)


def test_calls_are_made_in_order(loop_thread):
    """From one thread, the order of its calls."""
    made = []
    for number in range(1000):
        loop_thread.post(made.append, number)
    wait_for(loop_thread)

    assert made == list(range(1000))


def test_no_call_of_many_threads_is_lost(loop_thread):
    """Each wake-up may be the last one's."""
    made, gate = [], threading.Barrier(8)

    def post(thread):
        gate.wait()
        for number in range(2000):
            loop_thread.post(made.append, (thread, number))

    threads = [threading.Thread(target=post, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    wait_for(loop_thread)

    assert len(made) == 16_000
    for thread in range(8):
        assert [n for t, n in made if t == thread] == list(range(2000))


def test_a_burst_leaves_the_loop_its_turns(loop_thread):
    """Every hundred calls."""
    made, turns = [], []

    def watch():
        turns.append(len(made))
        if len(made) < 1000:
            asyncio.get_running_loop().call_soon(watch)

    def burst():
        for number in range(1000):
            loop_thread.post(made.append, number)
        asyncio.get_running_loop().call_soon(watch)

    loop_thread.call(burst)
    while len(made) < 1000:
        wait_for(loop_thread)

    gaps = [after - before for before, after in zip([0, *turns], turns, strict=False)]
    assert max(gaps) <= 100


def test_a_call_that_raises_holds_up_none_that_follows(loop_thread, caplog):
    """It is logged with its place and its class, without its text."""

    def fail():
        raise ValueError(text)

    text = "private"
    made = []
    with caplog.at_level(logging.ERROR, "ephemeral_tasks"):
        loop_thread.post(fail)
        loop_thread.post(made.append, 1)
        wait_for(loop_thread)

    assert made == [1]
    (record,) = caplog.records
    assert "raised ValueError" in record.getMessage()
    assert "in fail" in record.getMessage()
    assert "private" not in record.getMessage()


def test_calling_waits_for_the_call_and_raises_what_it_raised(loop_thread):
    """From another thread, or at once on the loop's own."""

    def fail():
        raise ValueError("text")

    with pytest.raises(ValueError, match="text"):
        loop_thread.call(fail)
    with pytest.raises(ValueError, match="text"):
        loop_thread.call(lambda: loop_thread.call(fail))


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_what_passes_through_the_loop_does_not_end_it(loop_thread, kind):
    """The event loop lets these two through."""

    def fail():
        raise kind

    loop_thread.call(lambda: asyncio.get_running_loop().call_soon(fail))
    wait_for(loop_thread)

    assert loop_thread.is_alive()


def test_a_loop_that_stopped_takes_nothing(loop_thread):
    """Each call is refused from then on, and nothing is kept."""
    wait_for(loop_thread)
    loop_thread.stop(PATIENCE_SECONDS)

    for _ in range(3):
        with pytest.raises(Closed):
            loop_thread.post(print)
    assert not loop_thread._inbox


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("gevent.monkey", "is_module_patched"),
        ("eventlet.patcher", "is_monkey_patched"),
    ],
)
@pytest.mark.parametrize("is_patched", [False, True])
def test_green_threads_are_refused(owner, monkeypatch, module, function, is_patched):
    """The loop would never turn; the first submission says so and runs nothing."""
    patched = SimpleNamespace(**{function: lambda name: is_patched})
    monkeypatch.setitem(sys.modules, module, patched)

    if not is_patched:
        submit(owner, tasks.app_echo, 1)
        drain()
        return
    with pytest.raises(ImproperlyConfigured, match="gevent or eventlet"):
        submit(owner, tasks.app_echo, 1)
    assert window(owner) == ()


def test_stopping_twice_is_stopping_once(loop_thread):
    """A second end finds nothing to do."""
    loop_thread.stop(PATIENCE_SECONDS)
    loop_thread.stop(PATIENCE_SECONDS)

    assert not loop_thread.is_alive()
