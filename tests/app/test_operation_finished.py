"""``operation_finished``: sent once for each finished operation of an owner."""

import logging
import threading

import pytest

from ephemeral_tasks import (
    cancel,
    dismiss,
    operation_finished,
    pool,
    submit,
    window,
    windows,
)
from ephemeral_tasks.core import Status
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.pool import announcements
from ephemeral_tasks.submission import end_owner
from ephemeral_tasks.testing import Hold, drain
from tests.app import tasks
from tests.app.conftest import on_loop
from tests.app.test_tasks import app_djangos_own
from tests.backends import tasks as backend_tasks


@pytest.fixture
def connect():
    """Connects receivers until the test's end."""
    connected = []

    def connect(receiver, sender=None):
        operation_finished.connect(receiver, sender=sender)
        connected.append((receiver, sender))
        return receiver

    yield connect
    for receiver, sender in connected:
        operation_finished.disconnect(receiver, sender=sender)


@pytest.fixture
def sent(connect):
    """What a receiver was called with, in that order."""
    calls = []

    def note(sender, **facts):
        calls.append((sender, facts))

    connect(note)
    return calls


def told(sent):
    """The ids and statuses that were sent, in that order."""
    return [(facts["id"], facts["status"]) for _, facts in sent]


def test_a_receiver_learns_what_ended_and_how(owner, sent):
    """Never content, and never whose it was."""
    handle = submit(owner, tasks.app_labelled, "content", language="fr")
    drain()

    ((sender, facts),) = sent
    assert facts.pop("signal") is operation_finished
    assert facts.pop("duration_seconds") >= 0
    assert sender is tasks.app_labelled
    assert facts == {
        "id": handle.id,
        "status": Status.SUCCESSFUL,
        "label": "Translate to fr",
        "shown": {"language": "fr"},
        "attempt": 1,
    }


def test_each_end_is_sent_once(owner, sent, make_hold):
    """Well, badly, cancelled while it ran and while it waited."""
    hold = make_hold()
    well = submit(owner, tasks.app_echo, 1)
    badly = submit(owner, tasks.app_fails, "content")
    running = submit(owner, tasks.app_held, hold)
    hold.entered()
    pool.pause()
    waiting = submit(owner, tasks.app_held, hold)
    for handle in (running, waiting):
        cancel(owner, handle.id)
    pool.resume()
    drain()

    assert sorted(told(sent)) == sorted(
        [
            (well.id, "SUCCESSFUL"),
            (badly.id, "FAILED"),
            (running.id, "CANCELLED"),
            (waiting.id, "CANCELLED"),
        ]
    )
    dismiss(owner, well.id)
    drain()
    assert len(sent) == 4


def test_what_was_refused_has_no_end(owner, sent, hold, monkeypatch):
    """The window could not be written, so the submission changed nothing."""

    def fail(*args):
        raise OSError("the cache")

    with monkeypatch.context() as patch:
        patch.setattr(windows, "write", fail)
        with pytest.raises(OSError, match="the cache"):
            submit(owner, tasks.app_held, hold)
    drain()

    assert pool.statistics().cancelled == 1
    assert sent == []


def test_attempts_are_no_ends(owner, sent, task_clock):
    """The last one is, with its number."""

    async def fail():
        raise ValueError

    submit(owner, tasks.app_retried, fail)
    for _ in range(5):
        task_clock.advance(60.0)
    drain()

    ((_, facts),) = sent
    assert (facts["status"], facts["attempt"]) == (Status.FAILED, 3)


@pytest.mark.parametrize("how", ["pushed out", "logged out"])
def test_what_loses_its_window_has_ended(owner, sent, hold, settings, how):
    """It was cancelled, though nobody can see that."""
    settings.EPHEMERAL_TASKS = {"WINDOW_SIZE": 1}
    first = submit(owner, tasks.app_held, hold)
    hold.entered()

    if how == "pushed out":
        submit(owner, tasks.app_held, hold)
    else:
        end_owner(owner)
    hold.left()
    on_loop(lambda: None)
    hold.open()
    drain()

    assert told(sent)[0] == (first.id, "CANCELLED")
    assert len(sent) == 1 + (how == "pushed out")


def test_receivers_have_a_thread_of_their_own_and_an_order(make_owner, connect):
    """A slow one holds up nothing but the ones after it."""
    gate, threads, order = threading.Event(), set(), []

    def receive(sender, id, **facts):
        gate.wait(PATIENCE_SECONDS)
        threads.add(threading.current_thread())
        order.append(id)

    connect(receive)
    owners = [make_owner() for _ in range(5)]
    handles = []
    for owner in owners:  # the next one is submitted when this one has ended
        handles.append(submit(owner, tasks.app_echo, 1))
        while not window(owner)[0].is_finished:
            on_loop(lambda: None)
    gate.set()
    drain()

    assert order == [handle.id for handle in handles]
    assert len(threads) == 1
    assert threads.isdisjoint({threading.current_thread(), pool.get().loop._thread})


@pytest.mark.parametrize("error", [ValueError("secret"), SystemExit("secret")])
def test_an_error_of_a_receiver_is_logged_without_content(
    owner, connect, sent, caplog, error
):
    """With its class and place; what comes later is sent."""

    def fail(sender, **facts):
        raise error

    connect(fail)
    with caplog.at_level(logging.INFO):
        submit(owner, tasks.app_echo, 1)
        submit(owner, tasks.app_echo, 2)
        drain()

    lines = [
        one.getMessage() for one in caplog.records if "receiver" in one.msg % one.args
    ]
    assert len(lines) == 2
    assert type(error).__name__ in lines[0]
    assert "test_operation_finished.py" in lines[0]
    assert "secret" not in caplog.text
    assert all(record.exc_info is None for record in caplog.records)
    assert len(sent) == 2


def test_an_async_receiver_is_awaited(owner, connect):
    """As Django does for its own signals."""
    called = []

    async def receive(sender, status, **facts):
        called.append(status)

    connect(receive)
    submit(owner, tasks.app_echo, 1)
    drain()

    assert called == [Status.SUCCESSFUL]


@pytest.mark.parametrize(
    ("submitted", "declared"),
    [
        (tasks.app_echo, tasks.app_echo),
        (tasks.app_echo.using(priority=5), tasks.app_echo),
        (app_djangos_own, app_djangos_own),
    ],
    ids=["ours", "using", "Django's own"],
)
def test_a_receiver_may_ask_for_one_task(owner, connect, submitted, declared):
    """As its module names it, whatever copy was submitted."""
    called = []

    def receive(sender, **facts):
        called.append(sender)

    connect(receive, sender=declared)
    submit(owner, submitted, 1)
    submit(owner, tasks.app_plain_echo, 1)
    drain()

    assert called == [declared]


def test_without_a_receiver_there_is_no_thread(owner):
    """A site that does not listen pays nothing."""
    submit(owner, tasks.app_echo, 1)
    while not window(owner)[0].is_finished:
        on_loop(lambda: None)

    assert pool.get()._receivers._threads == []


def test_what_is_nobodys_is_not_sent(sent, settings):
    """``enqueue()`` has Django's own signals."""
    settings.TASKS = {"default": {"BACKEND": "ephemeral_tasks.backends.PoolBackend"}}
    backend_tasks.backend_add.enqueue(1)
    drain()

    assert sent == []


def test_a_drain_waits_for_receivers(owner, connect):
    """As long as accepted work might have gone on."""
    hold, received = Hold(), []

    def receive(sender, **facts):
        hold.stop_plain()
        received.append(facts["id"])

    connect(receive)
    handle = submit(owner, tasks.app_echo, 1)
    hold.entered()
    draining = threading.Thread(target=pool.drain, args=(PATIENCE_SECONDS,))
    draining.start()
    pool.get().is_idle.wait(PATIENCE_SECONDS)
    hold.open()
    draining.join(PATIENCE_SECONDS)

    assert received == [handle.id]


def test_a_receiver_that_hangs_does_not_hold_up_a_drain(owner, connect):
    """It has what is left of the time, and one second."""
    hold = Hold()

    def receive(sender, **facts):
        hold.stop_plain()

    connect(receive)
    submit(owner, tasks.app_echo, 1)
    hold.entered()

    draining = threading.Thread(target=pool.drain, args=(0.0,))
    draining.start()
    draining.join(PATIENCE_SECONDS)
    is_over = not draining.is_alive()
    hold.open()

    assert is_over


def test_a_flood_of_ends_behind_a_slow_receiver_is_bounded(
    make_owner, connect, monkeypatch, caplog
):
    """The rest is dropped, with one warning."""
    monkeypatch.setattr(announcements, "CAPACITY", 3)
    hold, received = Hold(), []

    def receive(sender, **facts):
        hold.stop_plain()
        received.append(facts["id"])

    connect(receive)
    submit(make_owner(), tasks.app_echo, 0)
    hold.entered()
    for number in range(10):
        owner = make_owner()
        submit(owner, tasks.app_echo, number)
        while not window(owner)[0].is_finished:
            on_loop(lambda: None)
    hold.open()
    drain()

    assert len(received) == 1 + 3
    assert caplog.text.count("receivers of operation_finished are too slow") == 1
