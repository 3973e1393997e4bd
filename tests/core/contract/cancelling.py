"""What is told to end ends CANCELLED."""

import asyncio
import gc

import pytest

from ephemeral_tasks.core import OperationCancelled, Status
from tests.core.bodies import (
    complaints,
    echo,
    wait_for,
)


class Cancelling:
    """What is told to end ends CANCELLED."""

    async def test_a_waiting_operation_is_cancelled_at_once(self, make, hold):
        """It never starts."""
        work = make(hold.body, limit=1)
        work.submit_nowait("runs")
        waiting = work.submit_nowait("waits")

        assert waiting.cancel() is True
        assert waiting.status is Status.CANCELLED

        hold.open()
        await work.drain()
        assert hold.items == ["runs"]

    async def test_a_running_operation_is_interrupted(self, make, hold):
        """D4: it ends CANCELLED, counts as such, and keeps no drain waiting."""
        work = make(hold.body)
        operation = work.submit_nowait("item")
        await hold.aentered(1)

        assert operation.cancel() is True
        await work.drain()

        assert operation.status is Status.CANCELLED
        assert operation.snapshot().finished_at is not None
        assert work.statistics().cancelled == 1
        assert work.statistics().successful == 0

    async def test_a_body_that_ignores_cancellation_ends_cancelled(
        self, make, stubborn
    ):
        """Its slot stays taken until it returns; its value is dropped."""
        work = make(stubborn.body, limit=1)
        operation = work.submit_nowait("value")
        after = work.submit_nowait("after")
        await stubborn.aentered()

        operation.cancel()
        await asyncio.sleep(0)
        assert operation.status is Status.RUNNING
        assert after.status is Status.READY

        stubborn.open()
        with pytest.raises(OperationCancelled, match=operation.id):
            await operation

    async def test_a_second_cancel_does_not_break_into_the_clean_up(
        self, make, stubborn
    ):
        """The body is interrupted once."""
        work = make(stubborn.body)
        operation = work.submit_nowait("item")
        await stubborn.aentered()

        assert operation.cancel()
        await asyncio.sleep(0)
        assert operation.cancel()
        await asyncio.sleep(0)

        assert stubborn.cancels == 1

    async def test_an_error_while_ending_is_no_failure(self, make, hold, caplog):
        """Once cancellation was asked for, the operation ends CANCELLED."""

        async def body(item):
            try:
                await hold.body(item)
            except asyncio.CancelledError:
                raise ValueError("in the clean-up") from None

        work = make(body)
        operation = work.submit_nowait("item")
        await hold.aentered(1)
        operation.cancel()
        await work.drain()
        gc.collect()

        assert operation.status is Status.CANCELLED
        assert complaints(caplog) == []

    async def test_cancelling_what_has_finished_says_so(self, make):
        """False, and the status stays."""
        work = make(echo)
        operation = work.submit_nowait(1)
        await operation

        assert operation.cancel() is False
        assert work.cancel(operation.id) is False
        assert operation.status is Status.SUCCESSFUL

    async def test_an_unknown_id_is_not_cancelled(self, make):
        """False."""
        assert make(echo).cancel("unknown") is False

    async def test_cancel_all_starts_nothing(self, make, hold):
        """What waits is not started in the slots that fall free."""
        work = make(hold.body, limit=2)
        for item in range(6):
            work.submit_nowait(item)
        await hold.aentered(2)

        assert work.cancel_all() == 6
        await work.drain()

        assert hold.items == [0, 1]
        assert work.statistics().cancelled == 6

    async def test_a_waiter_gets_operation_cancelled_and_not_cancelled_error(
        self, make, hold
    ):
        """The waiter itself was not cancelled."""
        work = make(hold.body)
        operation = work.submit_nowait("item")
        waiter = asyncio.ensure_future(wait_for(operation))
        await hold.aentered(1)
        operation.cancel()

        with pytest.raises(OperationCancelled):
            await waiter

    async def test_a_cancelled_waiter_does_not_cancel_the_operation(self, make, hold):
        """Others still get the value."""
        work = make(hold.body)
        operation = work.submit_nowait("item")
        gone = asyncio.ensure_future(wait_for(operation))
        stays = asyncio.ensure_future(wait_for(operation))
        await hold.aentered(1)

        gone.cancel()
        hold.open()

        assert await stays == "item"
        assert gone.cancelled()

    async def test_a_body_may_end_cancelled_by_itself(self, make):
        """A CancelledError of its own making is its outcome."""

        async def body(item):
            raise asyncio.CancelledError

        operation = make(body).submit_nowait("item")

        with pytest.raises(OperationCancelled):
            await operation
