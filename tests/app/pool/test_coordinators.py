"""Named coordinators on the pool's loop, reached from any thread."""

import asyncio
import threading
from contextlib import suppress

import pytest
from django.utils import translation

from ephemeral_tasks import (
    Closed,
    NotFinished,
    OperationCancelled,
    QueueFull,
    UnknownCoordinator,
    coordinator,
    coordinators,
    pool,
    write,
)
from ephemeral_tasks.core import (
    KeyedCoordinator,
    PriorityCoordinator,
    SignalHub,
    SignalLoop,
    Status,
)
from tests.app.conftest import on_loop

entered = threading.Event()


@coordinator("test-doubles", limit=2, capacity=3)
async def doubles(item):
    """Return twice the item, or fail."""
    if item is None:
        raise ValueError("nothing to double")
    return item * 2


@coordinator("test-held", limit=1, capacity=1)
async def held(item):
    """Never end by itself."""
    entered.set()
    await asyncio.get_running_loop().create_future()


@coordinator("test-stubborn", limit=1)
async def stubborn(item):
    """Go on after a cancel."""
    entered.set()
    with suppress(asyncio.CancelledError):
        await asyncio.get_running_loop().create_future()
    await asyncio.get_running_loop().create_future()


@coordinator("test-language", limit=1)
async def language(item):
    """Return the active language."""
    return translation.get_language()


@coordinator("test-keyed", kind=KeyedCoordinator, key=lambda item: item[0], limit=4)
async def keyed(item):
    """Return the item."""
    return item


@coordinator(
    "test-lanes",
    kind=PriorityCoordinator,
    lanes={"now": None, "later": 0},
    lane=lambda item: item,
    limit=1,
    rate=50,
)
async def lanes(item):
    """Return the item."""
    return item


@coordinator(
    "test-late",
    kind=PriorityCoordinator,
    lanes={"now": None, "later": 0},
    lane=lambda item: item,
    limit=1,
    start_within=0.05,
)
async def late(item):
    """Never end by itself."""
    entered.set()
    await asyncio.get_running_loop().create_future()


hub = SignalHub()


@coordinator(
    "test-hubbed", limit=1, hub=hub, defer_on="busy", resume_on="idle", cancel_on="stop"
)
async def hubbed(item):
    """Return the item."""
    return item


@pytest.fixture(autouse=True)
def pool_of_one_test():
    """Hosted operations end with the pool."""
    entered.clear()
    yield
    pool.reset()


@coordinator("test-writes", limit=1)
async def writes(item):
    """Write the item."""
    write(item)


async def test_what_a_hosted_body_writes_is_read_on_any_loop():
    """As it is within a coordinator's own loop."""
    operation = writes.submit("text")

    output = await operation.aoutput()
    end = await operation.aoutput(output.end, output.attempt)

    assert (output.text, operation.output().text) == ("text", "text")
    assert (end.text, end.is_finished) == ("", True)


def test_result_waits_in_a_thread():
    """A plain caller gets the value, or the body's own error."""
    assert doubles.submit(4).result(timeout=10) == 8
    with pytest.raises(ValueError, match="nothing to double"):
        doubles.submit(None).result(timeout=10)


async def test_await_works_on_any_loop():
    """An async caller awaits it, whatever loop it runs on."""
    assert await doubles.submit(4) == 8
    assert await keyed.submit("ab") == "ab"


def test_found_by_name_or_named_error():
    """coordinators[name] is the decorated one; an unknown name lists the known."""
    assert coordinators["test-doubles"] is doubles
    with pytest.raises(UnknownCoordinator, match=r"known: .*test-doubles"):
        coordinators["none such"]


def test_a_name_is_taken_once():
    """Declaring a second coordinator of one name is an error."""
    with pytest.raises(ValueError, match="test-doubles"):

        @coordinator("test-doubles", limit=1)
        async def again(item):
            """Never declared."""


def test_a_plain_function_is_refused():
    """A body must be a coroutine function, and the error says so."""
    with pytest.raises(TypeError, match="coroutine function"):
        coordinator("test-plain", limit=1)(lambda item: item)


def test_a_full_queue_refuses():
    """Capacity holds for callers from other threads, and refusing changes nothing."""
    running = held.submit(1)
    assert entered.wait(10)
    waiting = held.submit(2)

    with pytest.raises(QueueFull):
        held.submit(3)

    assert held.statistics().accepted == 2
    assert held.statistics().refused == 1
    assert running.status is Status.RUNNING
    assert waiting.status is Status.READY


def test_cancel_ends_it():
    """Cancel is carried out on the loop; result then says what happened."""
    operation = held.submit(1)
    assert entered.wait(10)

    assert operation.cancel()

    with pytest.raises(OperationCancelled):
        operation.result(timeout=10)
    assert not operation.cancel()


def test_result_gives_up_after_its_timeout():
    """NotFinished says that it still runs; nothing is cancelled."""
    operation = held.submit(1)

    with pytest.raises(NotFinished):
        operation.result(timeout=0)

    assert entered.wait(10)
    assert operation.status is Status.RUNNING


def test_result_on_the_pools_own_loop_is_refused():
    """It would wait for itself; the error says what to do instead."""
    operation = held.submit(1)
    refused = []

    def ask():
        try:
            operation.result(timeout=10)
        except RuntimeError as error:
            refused.append(str(error))
        finally:
            entered.set()

    entered.wait(10)
    entered.clear()
    pool.get().loop.post(ask)
    assert entered.wait(10)

    assert "await" in refused[0]


def test_bodies_run_in_the_callers_language():
    """The language is handed over; nothing else of the caller's context is."""
    with translation.override("de"):
        operation = language.submit(1)

    assert operation.result(timeout=10) == "de"


def test_steering_reaches_the_loop():
    """pause, resume and resize work from any thread."""
    doubles.pause()
    operation = doubles.submit(1)
    doubles.resize(1)
    doubles.resume()

    assert operation.result(timeout=10) == 2
    assert doubles.statistics().limit == 1
    with pytest.raises(ValueError, match="limit must be >= 1, got 0"):
        doubles.resize(0)


def test_drained_with_the_pool():
    """At the end what was accepted goes on, and what does not end is cancelled."""
    done = doubles.submit(1)
    stuck = held.submit(1)
    assert entered.wait(10)

    pool.drain(0)

    assert done.result(timeout=0) == 2
    assert stuck.status is Status.CANCELLED


def test_a_hosted_coordinator_keeps_a_rate():
    """Operations that wait for it start without another submission."""
    operations = [lanes.submit("now") for _ in range(3)]

    assert [operation.result(timeout=10) for operation in operations] == ["now"] * 3


def test_what_waits_too_long_in_a_hosted_coordinator_fails():
    """It is never run; a full lane refuses."""
    running = late.submit("later")
    assert entered.wait(10)
    waiting = late.submit("now")
    with pytest.raises(QueueFull, match="as many operations of 'later' wait"):
        late.submit("later")

    with pytest.raises(TimeoutError, match=r"did not start within 0\.05 s"):
        waiting.result(timeout=10)
    running.cancel()


def test_a_pause_of_a_hosted_coordinator_may_end_by_itself():
    """From any thread; a negative time is refused at once."""
    doubles.pause(for_seconds=0.01)

    assert doubles.submit(4).result(timeout=10) == 8
    with pytest.raises(ValueError, match="for_seconds must be > 0, got -1"):
        doubles.pause(for_seconds=-1)


def test_signals_reach_a_hosted_coordinator_from_any_thread():
    """emit() is carried out on the pool's loop, where the hub belongs."""
    hubbed.emit("busy", key="a")
    on_loop(lambda: None)  # submissions do not wait for it
    deferred = hubbed.submit(1)
    assert deferred.status is Status.READY
    hubbed.emit("idle")
    assert deferred.result(timeout=10) == 1

    hubbed.emit("busy")
    on_loop(lambda: None)
    stopped = hubbed.submit(2)
    hubbed.emit("stop")
    with pytest.raises(OperationCancelled):
        stopped.result(timeout=10)

    emitted = on_loop(hub.recent)
    assert ("busy", "a") in [(signal.name, signal.key) for signal in emitted]


def test_a_hosted_hub_names_the_way_to_it():
    """The hub itself refuses a thread, and the message names emit()."""
    assert hubbed.submit(1).result(timeout=10) == 1

    with pytest.raises(
        RuntimeError, match=r"emit\(name\) of a coordinator that the pool"
    ):
        hub.emit("busy")


def test_emitting_without_a_hub_is_refused():
    """Nothing would listen; nor is a name taken that is no text."""
    with pytest.raises(RuntimeError, match="'test-doubles' has no hub"):
        doubles.emit("busy")
    with pytest.raises(TypeError, match="name must be a str, got 1"):
        hubbed.emit(1)


def test_a_listener_that_emits_its_own_signal_at_a_hosted_coordinator_is_refused():
    """As at the hub itself: without that it would go on without end."""
    errors = []

    def again(signal):
        try:
            hubbed.emit("again")
        except SignalLoop as error:
            errors.append(str(error))

    end = on_loop(lambda: hub.subscribe("again", again))
    hubbed.emit("again")
    on_loop(end)

    assert errors == ["signal loop: again → again"]


def test_a_lane_is_named_at_the_submission():
    """The declared lane is for items without one; each lane's queue can be counted."""
    lanes.pause()
    on_loop(lambda: None)  # submissions do not wait for it
    operation = lanes.submit("unknown lane", lane="now")

    assert lanes.waiting_by_lane() == {"now": 1, "later": 0}
    with pytest.raises(ValueError, match="lane must be one of 'now', 'later'"):
        lanes.submit("now", lane="soon")
    lanes.resume()
    assert operation.result(timeout=10) == "unknown lane"


def test_a_thread_that_waits_is_free_when_the_pool_has_ended():
    """Also where the body outlives the drain: it would keep the process."""
    entered.clear()
    operation = stubborn.submit(1)
    assert entered.wait(10)
    raised = []

    def wait():
        try:
            operation.result()
        except Closed as error:
            raised.append(error)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    while not pool.get().loop._waits:
        on_loop(lambda: None)
    pool.drain(0.0)
    waiting.join(10)

    assert len(raised) == 1
