"""ManualClock stands still until a test moves it."""

import asyncio

from ephemeral_tasks.core import Clock, LoopClock
from ephemeral_tasks.core.testing import ManualClock


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
