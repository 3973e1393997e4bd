"""Starts a second, pauses that end by themselves, and starts that come too late."""

import asyncio

import pytest

from ephemeral_tasks.core import QueueFull, Status
from tests.core.bodies import adds_up, echo, until


def starting(clock):
    """Return a body that notes the seconds at which it started, and those notes."""
    began = clock.monotonic()
    notes = []

    async def body(item):
        notes.append(round(clock.monotonic() - began, 6))
        return item

    return body, notes


class Pacing:
    """Starts a second, pauses that end by themselves, and starts that come too late."""

    async def test_operations_start_at_the_rate(self, make, clock):
        """D28: at an even pace, each at its own instant; nobody waits longer."""
        body, starts = starting(clock)
        work = make(body, rate=2, clock=clock)
        operations = [work.submit_nowait(item) for item in range(4)]

        await clock.advance(1.5)

        assert starts == [0, 0.5, 1, 1.5]
        assert all(operation.is_finished for operation in operations)

    async def test_a_rate_holds_over_many_starts(self, make, clock):
        """Within 1 % over 1,000 starts; 10,000 in test_rate.py."""
        body, starts = starting(clock)
        work = make(body, rate=300, capacity=1000, history=0, clock=clock)
        for item in range(1000):
            work.submit_nowait(item)

        await clock.advance(4)

        assert len(starts) == 1000
        assert starts[-1] == pytest.approx(999 / 300, rel=0.01)

    async def test_a_burst_may_start_at_once(self, make, clock):
        """After a while without starts, and never more than so many."""
        body, starts = starting(clock)
        work = make(body, rate=1, burst=3, limit=10, clock=clock)
        for item in range(4):
            work.submit_nowait(item)
        await clock.advance(100)
        for item in range(4):
            work.submit_nowait(item + 10)
        await clock.advance(1)

        assert starts == [0, 0, 0, 1, 100, 100, 100, 101]

    async def test_a_heavy_item_delays_those_after_it(self, make, clock):
        """It starts once anything is left, and costs its weight."""
        body, starts = starting(clock)
        options = {"cost": lambda item: 5 if item == 1 else 1, "clock": clock}
        work = make(body, rate=1, limit=1, **options)
        for item in range(4):
            work.submit_nowait(item)
        await clock.advance(10)

        assert starts == [0, 1, 6, 7]

    async def test_what_weighs_nothing_does_not_wait_for_the_next(self, make, clock):
        """A cost of 0 is for what the other side does not count."""
        body, starts = starting(clock)
        work = make(body, rate=1, cost=lambda item: 0, clock=clock)
        for item in range(3):
            work.submit_nowait(item)
        await clock.advance(0)

        assert starts == [0, 0, 0]

    async def test_each_attempt_counts(self, make, clock):
        """A retry is a start as well."""
        began, starts = clock.monotonic(), []

        async def body(item):
            starts.append(clock.monotonic() - began)
            raise ValueError

        work = make(
            body, rate=0.5, max_attempts=2, backoff=lambda *_: 0, clock=clock, limit=1
        )
        work.submit_nowait(1)
        work.submit_nowait(2)
        await clock.advance(20)

        assert starts == [0, 2, 4, 6]

    async def test_a_rate_admits_blocked_submitters(self, make, clock):
        """Without capacity each is taken when it may start."""
        body, starts = starting(clock)
        work = make(body, rate=1, capacity=0, clock=clock)
        submitters = [asyncio.create_task(work.submit(item)) for item in range(3)]
        await clock.advance(0)
        with pytest.raises(QueueFull):
            work.submit_nowait(3)

        await clock.advance(2)

        await asyncio.gather(*submitters)
        assert starts == [0, 1, 2]

    async def test_the_limit_holds_beside_the_rate(self, make, hold, clock):
        """A start needs a slot, too; a slot that falls free is used at once."""
        work = make(hold.body, rate=10, limit=2, clock=clock)
        for item in range(4):
            work.submit_nowait(item)
        await clock.advance(5)
        assert hold.entries == 2

        hold.pass_one()
        await hold.aentered(3)

        assert hold.running == 2

    async def test_waiting_for_a_rate_can_be_cancelled(self, make, clock):
        """And the next one starts at the instant that was the cancelled one's."""
        body, starts = starting(clock)
        work = make(body, rate=1, clock=clock)
        _, cancelled, last = [work.submit_nowait(item) for item in range(3)]
        await clock.advance(0.5)
        cancelled.cancel()
        await clock.advance(0.5)

        assert starts == [0, 1]
        assert last.is_finished

    async def test_a_rate_with_nothing_to_do_sets_no_timer(self, make, clock):
        """D27: neither when what waited was cancelled, nor after an end with some."""
        work = make(echo, rate=1, clock=clock)
        await work.submit_nowait(1)
        work.submit_nowait(2).cancel()
        assert [timer for *_, timer in clock._timers if not timer.is_cancelled] == []

        work.submit_nowait(3)
        await work.aclose()
        assert [timer for *_, timer in clock._timers if not timer.is_cancelled] == []

    async def test_late_timers_do_not_slow_the_rate_down(self, make, clock):
        """Each start counts from when it was due, up to 20 ms late."""
        body, starts = starting(clock)
        call_later = clock.call_later
        clock.call_later = lambda delay, *call: call_later(delay + 0.01, *call)
        work = make(body, rate=10, clock=clock)
        for item in range(11):
            work.submit_nowait(item)
        await clock.advance(2)

        assert starts[-1] == pytest.approx(1.01)

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"rate": 0}, ValueError, "rate must be > 0 and finite, got 0"),
            ({"rate": float("inf")}, ValueError, "rate must be > 0 and finite"),
            ({"rate": "5"}, TypeError, "rate must be a number, got '5'"),
            ({"rate": 1, "burst": 0}, ValueError, "burst must be >= 1, got 0"),
            ({"burst": 2}, ValueError, "burst and cost need a rate"),
            ({"cost": len}, ValueError, "burst and cost need a rate"),
            ({"start_within": 0}, ValueError, "start_within must be > 0, got 0"),
        ],
        ids=str,
    )
    async def test_paces_are_checked(self, make, options, error, message):
        """The argument, the rule and what came."""
        with pytest.raises(error, match=message):
            make(echo, **options)

    @pytest.mark.parametrize(
        ("cost", "error"),
        [(-1, ValueError), (float("nan"), ValueError), ("much", TypeError)],
    )
    async def test_a_cost_is_checked_at_the_submission(self, make, cost, error):
        """Nothing was taken."""
        work = make(echo, rate=1, cost=lambda item: cost)

        with pytest.raises(error, match="cost must be"):
            work.submit_nowait(1)
        assert work.statistics().accepted == 0

    # -- pauses ------------------------------------------------------------------------

    async def test_a_pause_for_seconds_ends_by_itself(self, make, clock):
        """What waited starts then, without a new submission."""
        body, starts = starting(clock)
        work = make(body, clock=clock)
        work.pause(for_seconds=5)
        work.submit_nowait(1)
        await clock.advance(4.9)
        assert work.statistics().is_paused

        await clock.advance(0.1)

        assert starts == [5]
        assert not work.statistics().is_paused

    async def test_of_several_pauses_the_last_end_counts(self, make, clock):
        """A shorter one shortens nothing, whichever was asked for first."""
        body, starts = starting(clock)
        work = make(body, clock=clock)
        for seconds in (2, 6, 3):
            work.pause(for_seconds=seconds)
        work.submit_nowait(1)
        await clock.advance(10)

        assert starts == [6]

    async def test_a_pause_for_seconds_ends_no_other_pause(self, make, clock):
        """One by hand stays until resume()."""
        work = make(echo, clock=clock)
        work.pause()
        work.pause(for_seconds=1)
        await clock.advance(5)
        assert work.statistics().is_paused

        work.pause(for_seconds=1)
        work.resume()
        assert not work.statistics().is_paused
        await clock.advance(5)
        assert not work.statistics().is_paused

    async def test_drain_waits_for_a_pauses_end(self, make, clock):
        """And leaves no timer behind."""
        work = make(echo, clock=clock)
        work.pause(for_seconds=5)
        work.submit_nowait(1)
        draining = asyncio.create_task(work.drain())
        await clock.advance(5)
        await draining

        assert clock._timers == []

    # -- starts that come too late -----------------------------------------------------

    async def test_what_waited_too_long_is_never_run(self, make, hold, clock):
        """It fails with TimeoutError, and what is behind it moves up."""
        work = make(hold.body, limit=1, start_within=5, clock=clock)
        running = work.submit_nowait("runs")
        late = work.submit_nowait("late")
        await clock.advance(3)
        behind = work.submit_nowait("behind")
        await clock.advance(2)

        assert late.status is Status.FAILED
        with pytest.raises(TimeoutError, match="did not start within 5 s"):
            await late
        assert late.snapshot().started_at is None
        hold.open()
        assert await running == "runs"
        assert await behind == "behind"
        assert hold.items == ["runs", "behind"]
        assert adds_up(work)

    async def test_what_started_in_time_takes_its_time(self, make, hold, clock):
        """Only the first start counts: neither the body nor a retry's pause."""

        async def body(item):
            await hold.body(item)
            if len(hold.items) == 2:
                raise ValueError

        options = {"max_attempts": 2, "backoff": lambda *_: 60, "clock": clock}
        work = make(body, limit=1, start_within=5, **options)
        work.submit_nowait("before")
        operation = work.submit_nowait(1)
        await clock.advance(4)
        hold.pass_one()
        await clock.advance(10)
        assert operation.status is Status.RUNNING
        hold.open()
        await until(lambda: work.statistics().retrying == 1)
        await clock.advance(60)

        assert operation.status is Status.SUCCESSFUL

    async def test_waiting_in_vain_leaves_no_timer(self, make, hold, clock):
        """Neither a start nor a cancellation does."""
        work = make(hold.body, limit=1, start_within=5, clock=clock)
        for item in range(3):
            work.submit_nowait(item)
        work.cancel(work.submit_nowait(3).id)
        hold.open()
        await work.drain()

        assert [timer for *_, timer in clock._timers if not timer.is_cancelled] == []
