"""close, drain, aclose, async with, sources."""

import asyncio

import pytest

from ephemeral_tasks.core import Closed, Status
from tests.core.bodies import (
    echo,
)


class Ending:
    """close, drain, aclose, async with, sources."""

    async def test_after_close_nothing_is_taken(self, make, hold):
        """What was accepted goes on."""
        work = make(hold.body)
        accepted = work.submit_nowait(1)
        work.close()

        with pytest.raises(Closed):
            work.submit_nowait(2)
        with pytest.raises(Closed):
            await work.submit(2)
        hold.open()
        assert await accepted == 1

    async def test_closing_twice_is_closing(self, make):
        """No error."""
        work = make(echo)
        work.close()
        work.close()

    async def test_blocked_submitters_hear_of_the_close(self, make, hold):
        """They get Closed; their items are not run."""
        work = make(hold.body, limit=1, capacity=0)
        work.submit_nowait(1)
        blocked = [asyncio.create_task(work.submit(item)) for item in (2, 3)]
        await hold.aentered(1)

        work.close()

        for submitter in blocked:
            with pytest.raises(Closed):
                await submitter
        hold.open()
        await work.drain()
        assert hold.items == [1]

    async def test_drain_waits_for_all_that_was_accepted(self, make, hold):
        """Waiting ones included."""
        work = make(hold.body, limit=1)
        operations = [work.submit_nowait(item) for item in range(3)]
        draining = asyncio.create_task(work.drain())
        await hold.aentered(1)
        assert not draining.done()

        hold.open()
        await draining

        assert all(o.status is Status.SUCCESSFUL for o in operations)

    async def test_an_idle_coordinator_is_drained_at_once(self, make):
        """Also the second time, and after aclose."""
        work = make(echo)
        await work.drain()
        await work.drain()
        await work.aclose()
        await work.aclose()

    async def test_drain_of_a_paused_coordinator_waits_for_resume(self, make, settle):
        """Pausing is no way to lose work."""
        work = make(echo)
        work.pause()
        operation = work.submit_nowait(1)
        draining = asyncio.create_task(work.drain())
        await settle()
        assert not draining.done()

        work.resume()
        await draining
        assert operation.status is Status.SUCCESSFUL

    async def test_a_drain_that_is_late_cancels_nothing(self, make, hold, clock):
        """It raises; work goes on, and a second drain waits for it."""
        work = make(hold.body, clock=clock)
        operation = work.submit_nowait(1)
        draining = asyncio.create_task(work.drain(timeout=10))
        await clock.advance(10)

        with pytest.raises(TimeoutError, match="unfinished after 10 s"):
            await draining
        assert operation.status is Status.RUNNING
        hold.open()
        await work.drain(timeout=10)
        assert await operation == 1

    async def test_a_body_cannot_drain_its_own_coordinator(self, make):
        """It would wait for itself; the refusal says so."""

        async def body(item):
            await work.drain()

        work = make(body)

        with pytest.raises(RuntimeError, match="would wait for itself"):
            await work.submit_nowait(1)

    async def test_aclose_waits_for_bodies_that_take_their_time(self, make, stubborn):
        """D9: when it returns, no body runs any more."""
        work = make(stubborn.body, limit=1)
        running, waiting = work.submit_nowait(1), work.submit_nowait(2)
        await stubborn.aentered()
        closing = asyncio.create_task(work.aclose())
        await asyncio.sleep(0)
        assert waiting.status is Status.CANCELLED
        assert not closing.done()

        stubborn.open()
        await closing

        assert running.status is Status.CANCELLED
        assert work.statistics().running == 0

    async def test_a_block_that_ends_well_drains(self, make, hold):
        """All results are there after it."""
        hold.open()
        async with make(hold.body, limit=1) as work:
            operations = [work.submit_nowait(item) for item in range(3)]

        assert [o.status for o in operations] == [Status.SUCCESSFUL] * 3

    async def test_a_block_that_fails_cancels(self, make, hold):
        """The block's error comes out, after the bodies have ended."""
        work = make(hold.body)

        async def block():
            async with work:
                work.submit_nowait(1)
                await hold.aentered(1)
                raise KeyError

        with pytest.raises(KeyError):
            await block()

        assert work.statistics().cancelled == 1
        assert hold.running == 0

    async def test_a_cancelled_drain_leaves_the_work_alone(self, make, hold, settle):
        """Only the waiting ends."""
        work = make(hold.body)
        operation = work.submit_nowait(1)
        for timeout in (None, 60):
            draining = asyncio.create_task(work.drain(timeout=timeout))
            await settle()
            draining.cancel()
            with pytest.raises(asyncio.CancelledError):
                await draining

        assert operation.status is Status.RUNNING

    async def test_a_source_is_read_as_there_is_room(self, make_from, hold, settle):
        """And closed for input by its own end."""
        read = []

        def source():
            for item in range(10):
                read.append(item)
                yield item

        work = make_from(source(), hold.body, limit=2, capacity=1)
        await hold.aentered(2)
        await settle()
        assert len(read) <= 4  # two run, one waits, one asks for room

        hold.open()
        await work.drain()
        assert hold.items == list(range(10))
        with pytest.raises(Closed):
            work.submit_nowait(10)

    async def test_an_async_source_works_alike(self, make_from):
        """Items come from an async generator."""

        async def source():
            for item in range(10):
                yield item

        work = make_from(source(), echo)
        await work.drain()

        assert work.statistics().successful == 10

    async def test_a_sources_error_comes_out_of_drain_after_the_work(
        self, make_from, hold
    ):
        """What was accepted has run by then."""

        def source():
            yield 1
            yield 2
            raise KeyError("source")

        work = make_from(source(), hold.body)
        draining = asyncio.create_task(work.drain())
        await hold.aentered(2)
        assert not draining.done()
        hold.open()

        with pytest.raises(KeyError, match="source"):
            await draining
        assert work.statistics().successful == 2

    async def test_closing_leaves_the_rest_of_a_source(self, make_from, hold):
        """The source's own clean-up has run when drain returns."""
        ended = []

        async def source():
            try:
                for item in range(1000):
                    yield item
            finally:
                ended.append(True)

        work = make_from(source(), hold.body, limit=1, capacity=0)
        await hold.aentered(1)
        work.close()
        hold.open()
        await work.drain()

        assert ended == [True]
        assert work.statistics().accepted < 10

    async def test_the_loop_has_its_turn_while_a_source_is_read(self, make_from):
        """At least every hundred items, although nothing waits."""
        items, beats = 500, 0

        async def beat():
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0)

        beating = asyncio.create_task(beat())
        await make_from(range(items), echo, limit=items, capacity=items).drain()
        beating.cancel()

        assert beats >= items / 100
