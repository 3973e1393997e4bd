"""Limits, order, capacity, pauses."""

import asyncio
import dataclasses

import pytest

from ephemeral_tasks.core import QueueFull, Status
from tests.core.bodies import (
    echo,
    lambda_body,
    until,
)


class Starting:
    """Limits, order, capacity, pauses."""

    async def test_never_more_than_the_limit_run(self, make, hold):
        """Two of five run; a third starts when one of them ends."""
        work = make(hold.body, limit=2)
        for item in range(5):
            work.submit_nowait(item)
        await hold.aentered(2)
        assert work.statistics().running == 2
        assert work.statistics().waiting == 3

        hold.open()
        await work.drain()

        assert hold.peak == 2
        assert len(hold.items) == 5

    async def test_operations_start_in_the_order_of_submission(self, make, hold):
        """First come, first served."""
        work = make(hold.body, limit=1)
        for item in range(6):
            work.submit_nowait(item)
        hold.open()
        await work.drain()

        assert hold.items == [0, 1, 2, 3, 4, 5]

    async def test_a_larger_limit_starts_more_at_once(self, make, hold):
        """Growing needs nobody to end."""
        work = make(hold.body, limit=1)
        for item in range(4):
            work.submit_nowait(item)

        work.resize(3)
        await hold.aentered(3)

        assert work.statistics().running == 3

    async def test_a_smaller_limit_holds_although_work_waits(self, make, make_hold):
        """D5: shrinking takes effect as running work ends, whatever waits."""
        first, later = make_hold(), make_hold()

        async def body(item):
            return await (first if item < 3 else later).body(item)

        work = make(body, limit=3)
        for item in range(8):
            work.submit_nowait(item)
        await first.aentered(3)
        work.resize(1)
        first.open()
        await later.aentered(1)
        later.open()
        await work.drain()

        assert later.peak == 1

    @pytest.mark.parametrize("sizes", [(8, 4, 8), (1, 8, 1, 8, 1, 8)])
    async def test_resizing_to_and_fro_adds_no_slots(self, make, hold, sizes):
        """D5: after any row of sizes at most the newest number runs."""
        work = make(hold.body, limit=2)
        for item in range(40):
            work.submit_nowait(item)
        for size in sizes:
            work.resize(size)
        await hold.aentered(2)
        hold.open()
        await work.drain()

        assert hold.peak <= max(sizes)

    async def test_submit_nowait_refuses_when_capacity_is_reached(self, make, hold):
        """The refused submission changes nothing but the count of refusals."""
        work = make(hold.body, limit=1, capacity=2)
        for item in range(3):
            work.submit_nowait(item)
        before = work.statistics()

        with pytest.raises(QueueFull, match="2 operations wait, capacity is 2"):
            work.submit_nowait(3)

        assert work.statistics() == dataclasses.replace(before, refused=1)

    async def test_without_capacity_a_free_slot_is_enough(self, make, hold):
        """A capacity of 0 takes what starts at once and nothing else."""
        work = make(hold.body, limit=1, capacity=0)
        work.submit_nowait("runs")

        with pytest.raises(QueueFull):
            work.submit_nowait("would wait")

    async def test_capacity_has_nothing_to_do_with_history(self, make, hold):
        """D17: many may wait where nothing is remembered."""
        work = make(hold.body, limit=1, capacity=50, history=0)
        for item in range(51):
            work.submit_nowait(item)

        assert work.statistics().waiting == 50

    async def test_submitters_get_room_in_the_order_of_their_calls(self, make, hold):
        """Blocked submitters are served first come, first served."""
        work = make(hold.body, limit=1, capacity=1)
        submitters = [asyncio.create_task(work.submit(item)) for item in range(6)]
        await hold.aentered(1)
        assert work.statistics().accepted == 2

        hold.open()
        await asyncio.gather(*submitters)
        await work.drain()

        assert hold.items == [0, 1, 2, 3, 4, 5]

    async def test_thousands_of_blocked_submitters_are_let_in_at_once(self, make):
        """In a loop: each of them admits the next."""
        work = make(echo, limit=3000, capacity=0)
        work.pause()
        submitters = [asyncio.create_task(work.submit(item)) for item in range(3000)]
        await asyncio.sleep(0)

        work.resume()
        await asyncio.gather(*submitters)
        await work.drain()

        assert work.statistics().successful == 3000

    async def test_a_newcomer_does_not_take_a_blocked_submitters_place(
        self, make, make_hold
    ):
        """A place that falls free belongs to who waits for it longest."""
        holds = [make_hold() for _ in range(4)]
        work = make(lambda_body(holds), limit=1, capacity=1)
        work.submit_nowait(0)
        work.submit_nowait(1)
        blocked = asyncio.create_task(work.submit(2))
        await holds[0].aentered(1)

        holds[0].open()
        await holds[1].aentered(1)
        with pytest.raises(QueueFull):
            work.submit_nowait(3)

        assert (await blocked).status is Status.READY
        for one in holds:
            one.open()

    async def test_a_cancelled_submitter_leaves_nothing_behind(self, make, hold):
        """Its item is never run, and those behind it move up."""
        work = make(hold.body, limit=1, capacity=0)
        work.submit_nowait("runs")
        gone = asyncio.create_task(work.submit("gone"))
        next_one = asyncio.create_task(work.submit("next"))
        await hold.aentered(1)

        gone.cancel()
        hold.open()
        await next_one
        await work.drain()

        assert hold.items == ["runs", "next"]

    async def test_a_submitter_cancelled_as_it_is_let_in_leaves_nothing_that_runs(
        self, make, hold
    ):
        """Nobody has the operation, so it is cancelled."""
        work = make(hold.body, limit=1, capacity=0)
        first = work.submit_nowait("first")
        blocked = asyncio.create_task(work.submit("second"))
        await hold.aentered(1)

        first.cancel()
        await until(lambda: work.statistics().accepted == 2)
        blocked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await blocked
        await work.drain()

        assert work.statistics().cancelled == 2

    async def test_pausing_stops_starts_and_not_work(self, make, hold, settle):
        """D10: what runs goes on, nothing starts, and the loop is free meanwhile."""
        work = make(hold.body, limit=2)
        running = work.submit_nowait("runs")
        await hold.aentered(1)
        work.pause()
        waiting = work.submit_nowait("waits")
        hold.open()

        assert await running == "runs"
        await settle()
        assert waiting.status is Status.READY
        assert work.statistics().is_paused

        work.resume()
        assert await waiting == "waits"

    async def test_submit_many_takes_items_of_any_source(self, make):
        """Sync or async, in order, more than may wait at once."""

        async def source():
            for item in range(20, 30):
                yield item

        work = make(echo, limit=1, capacity=2)
        operations = await work.submit_many(range(20))
        operations += await work.submit_many(source())

        assert [await operation for operation in operations] == list(range(30))
