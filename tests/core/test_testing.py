"""Time stands still and bodies stop until a test lets them go on."""

import asyncio
import threading

import pytest

from ephemeral_tasks.core import Clock, LoopClock
from ephemeral_tasks.core.testing import PATIENCE_SECONDS, Hold, ManualClock


async def test_time_stands_still_until_it_is_moved(clock):
    """By exactly so many seconds."""
    before = clock.time()
    await asyncio.sleep(0)
    assert clock.time() == before

    await clock.advance(2.5)

    assert clock.time() == before + 2.5


async def test_calls_are_made_in_order_at_their_own_instants(clock):
    """Each sees the time at which it was due."""
    seen = []
    for delay in (3, 1, 2):
        clock.call_later(delay, lambda d=delay: seen.append((d, clock.time())))
    start = clock.time()

    await clock.advance(2)
    assert seen == [(1, start + 1), (2, start + 2)]

    await clock.advance(1)
    assert seen[2:] == [(3, start + 3)]


async def test_a_call_made_by_a_call_is_made_in_the_same_advance(clock):
    """If its time comes before the end of it."""
    seen = []
    clock.call_later(1, lambda: clock.call_later(1, seen.append, "second"))

    await clock.advance(5)

    assert seen == ["second"]


async def test_a_cancelled_call_is_not_made_and_not_kept(clock):
    """Cancelling twice, or after the call, does nothing."""
    seen = []
    timers = [clock.call_later(1, seen.append, number) for number in range(100)]
    for timer in timers:
        timer.cancel()
        timer.cancel()
    clock.call_later(2, seen.append, "last")

    assert len(clock._timers) == 1
    await clock.advance(3)
    assert seen == ["last"]


async def test_the_loops_clock_calls_in_an_empty_context():
    """Variables of a body are not kept alive by a timer."""
    called = asyncio.Event()
    timer = LoopClock().call_later(0, called.set)
    await called.wait()
    timer.cancel()


def test_both_are_clocks():
    """A clock starts where it is told."""
    clock: Clock = ManualClock(start=0.0)
    assert clock.time() == 0.0
    clock = LoopClock()
    assert clock.time() > 1.7e9


# -- bodies that stop ------------------------------------------------------------------


@pytest.fixture
def in_thread():
    """Call a function in a thread that has ended with the test."""
    threads = []

    def call(function):
        thread = threading.Thread(target=function)
        threads.append(thread)
        thread.start()
        return thread

    yield call
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


async def test_bodies_of_threads_and_loops_stop_at_one_hold(hold, in_thread):
    """The test knows how many are there, and one call lets all go on."""
    tasks = [asyncio.create_task(hold.stop()) for _ in range(2)]
    in_thread(hold.stop_plain)
    in_thread(lambda: asyncio.run(hold.stop()))

    await hold.aentered(4)
    assert (hold.entries, hold.exits, hold.running, hold.peak) == (4, 0, 4, 4)

    hold.open()
    await hold.aleft(4)
    await asyncio.gather(*tasks)
    assert (hold.entries, hold.exits, hold.running, hold.peak) == (4, 4, 0, 4)


def test_a_thread_waits_for_bodies(hold, in_thread):
    """Both for their coming and for their going."""
    in_thread(hold.stop_plain)
    hold.entered()
    hold.open()
    hold.left()

    assert (hold.entries, hold.exits) == (1, 1)


async def test_an_open_hold_stops_nobody(hold):
    """Also those that come later."""
    hold.open()

    assert await hold.body("item") == "item"
    hold.stop_plain()

    assert hold.items == ["item"]
    assert hold.exits == 2


async def test_one_pass_lets_one_body_go_on(hold, settle):
    """The one that came first."""
    first, second = (asyncio.create_task(hold.body(n)) for n in range(2))
    await hold.aentered(2)

    hold.pass_one()
    await hold.aleft()
    await settle()

    assert (first.done(), second.done()) == (True, False)
    hold.open()
    await second


async def test_a_pass_waits_for_the_next_to_come(hold):
    """Nobody is there yet."""
    hold.pass_one()

    await hold.stop()

    late = asyncio.create_task(hold.stop())
    await hold.aentered(2)
    assert not late.done()
    hold.open()
    await late


async def test_a_cancelled_body_leaves_and_takes_no_pass(hold):
    """It is raised where the body stopped, and counted."""
    cancelled, other = (asyncio.create_task(hold.body(n)) for n in range(2))
    await hold.aentered(2)

    cancelled.cancel()
    await hold.aleft()
    hold.pass_one()

    assert await other == 1
    assert cancelled.cancelled()
    assert hold.cancels == 1


async def test_a_stubborn_body_stays_until_it_is_let_go(settle):
    """However often it is cancelled."""
    hold = Hold(is_stubborn=True)
    body = asyncio.create_task(hold.body("item"))
    await hold.aentered()
    for _ in range(2):
        body.cancel()
        await settle()

    assert (hold.cancels, hold.running) == (2, 1)
    hold.open()
    assert await body == "item"


async def test_who_waits_in_vain_is_told_what_came(hold, monkeypatch):
    """Instead of hanging."""
    monkeypatch.setattr("ephemeral_tasks.core.testing.hold.PATIENCE_SECONDS", 0.01)
    hold.pass_one()
    await hold.stop()
    sentence = "waited for 2 to come; 1 came and 1 went"

    with pytest.raises(AssertionError, match=sentence):
        hold.entered(2)
    with pytest.raises(AssertionError, match=sentence):
        await hold.aentered(2)


def test_a_loop_that_was_closed_is_no_error(hold, caplog):
    """Its body went with it."""
    loop = asyncio.new_event_loop()
    body = loop.create_task(hold.stop())
    loop.run_until_complete(hold.aentered())
    body._log_destroy_pending = False
    loop.close()

    hold.open()

    assert caplog.records == []
