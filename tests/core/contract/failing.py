"""Errors, time-outs, attempts."""

import asyncio
import dataclasses

import pytest

from ephemeral_tasks.core import (
    NotFinished,
    OperationCancelled,
    Status,
    current_operation,
)
from tests.core.bodies import (
    adds_up,
    fail,
    lambda_body,
)


def broken_timer(delay, callback, *args):
    """What a clock of the caller's may do."""
    raise OSError("no timer")


class Failing:
    """Errors, time-outs, attempts."""

    async def test_awaiting_raises_the_bodys_error_to_each_waiter(self, make):
        """The same error, with the traceback of the body alone each time."""
        operation = make(fail).submit_nowait("why")
        depths = []
        for _ in range(3):
            with pytest.raises(ValueError, match="why") as caught:
                await operation
            depths.append(len(caught.traceback))

        assert operation.status is Status.FAILED
        assert len(set(depths)) == 1

    async def test_an_outcome_before_the_end_is_refused(self, make, hold):
        """NotFinished names the operation."""
        operation = make(hold.body).submit_nowait(1)

        with pytest.raises(NotFinished, match=operation.id):
            operation.outcome()

    async def test_a_failure_says_so_and_nothing_of_the_text(self, make):
        """D14: a snapshot has the error's class name, never the error."""
        work = make(fail)
        work.submit_nowait("secret")
        await work.drain()

        (snapshot,) = work.snapshots(status=Status.FAILED)
        assert snapshot.error == "ValueError"
        assert "secret" not in repr(dataclasses.replace(snapshot, key=None))

    async def test_a_body_that_cannot_be_called_fails(self, make):
        """The error of the call is the operation's."""

        async def body():
            return None

        operation = make(body).submit_nowait(1)

        with pytest.raises(TypeError, match="positional argument"):
            await operation

    async def test_an_attempt_that_takes_too_long_fails(self, make, hold, clock):
        """With TimeoutError, exactly when its time is over."""
        operation = make(hold.body, timeout=30, clock=clock).submit_nowait(1)
        await clock.advance(29.9)
        assert operation.status is Status.RUNNING

        await clock.advance(0.1)

        with pytest.raises(TimeoutError, match="longer than 30 s"):
            await operation

    async def test_the_time_starts_with_the_attempt(self, make, make_hold, clock):
        """Waiting does not count."""
        holds = [make_hold(), make_hold()]
        work = make(lambda_body(holds), limit=1, timeout=30, clock=clock)
        work.submit_nowait(0)
        second = work.submit_nowait(1)
        await clock.advance(20)
        holds[0].open()
        await clock.advance(20)

        assert second.status is Status.RUNNING
        holds[1].open()
        assert await second == 1

    async def test_a_body_that_ignores_its_time_out_fails_all_the_same(
        self, make, stubborn, clock
    ):
        """What it returns afterwards does not count."""
        operation = make(stubborn.body, timeout=5, clock=clock).submit_nowait(1)
        await clock.advance(5)
        stubborn.open()

        with pytest.raises(TimeoutError):
            await operation

    async def test_cancelling_while_a_time_out_ends_means_cancelled(
        self, make, stubborn, clock
    ):
        """The submitter's word is the last, and the body hears of it once."""
        operation = make(stubborn.body, timeout=5, clock=clock).submit_nowait(1)
        await clock.advance(5)
        assert operation.cancel()
        stubborn.open()

        with pytest.raises(OperationCancelled):
            await operation
        assert stubborn.cancels == 1

    async def test_a_failed_attempt_is_tried_again_after_its_delay(self, make, clock):
        """``backoff`` gets the failed attempt's number, from 1, and its error."""
        asked = []

        def backoff(attempt, error):
            asked.append((attempt, str(error)))
            return 10 * attempt

        async def body(item):
            if current_operation().attempt < 3:
                raise ValueError(f"attempt {current_operation().attempt}")
            return item

        operation = make(
            body, max_attempts=3, backoff=backoff, clock=clock
        ).submit_nowait("item")
        await clock.advance(9)
        assert (operation.status, operation.attempt) == (Status.READY, 1)
        await clock.advance(1)
        assert operation.attempt == 2
        await clock.advance(20)

        assert await operation == "item"
        assert asked == [(1, "attempt 1"), (2, "attempt 2")]

    async def test_a_time_out_is_retried_like_an_error(self, make, hold, clock):
        """It is a TimeoutError to ``retry_on``."""
        work = make(
            hold.body,
            timeout=5,
            max_attempts=2,
            backoff=lambda attempt, error: 1,
            retry_on=(TimeoutError,),
            clock=clock,
        )
        operation = work.submit_nowait("item")
        await clock.advance(6)
        hold.open()

        assert await operation == "item"
        assert operation.attempt == 2

    async def test_other_errors_are_not_retried(self, make):
        """Only those of ``retry_on`` are."""
        operation = make(fail, max_attempts=5, retry_on=(OSError,)).submit_nowait(1)

        with pytest.raises(ValueError, match="1"):
            await operation
        assert operation.attempt == 1

    async def test_a_waiting_retry_holds_no_slot_and_no_capacity(
        self, make, hold, clock
    ):
        """Others run and wait as if it were not there."""

        async def body(item):
            if item == "fails":
                raise ValueError
            return await hold.body(item)

        work = make(
            body,
            limit=1,
            capacity=1,
            max_attempts=2,
            backoff=lambda attempt, error: 60,
            clock=clock,
        )
        retried = work.submit_nowait("fails")
        await clock.advance(1)
        work.submit_nowait("runs")
        work.submit_nowait("waits")

        counters = work.statistics()
        assert (counters.retrying, counters.running, counters.waiting) == (1, 1, 1)
        assert retried.status is Status.READY

    async def test_a_waiting_retry_is_cancelled_at_once(self, make, clock):
        """And never tried again."""
        work = make(fail, max_attempts=2, backoff=lambda *_: 60, clock=clock)
        operation = work.submit_nowait("item")
        await clock.advance(1)

        assert operation.cancel()
        assert operation.status is Status.CANCELLED
        await clock.advance(100)
        assert operation.attempt == 1
        assert adds_up(work)

    async def test_drain_waits_for_retries(self, make, clock):
        """They were accepted."""
        work = make(fail, max_attempts=2, backoff=lambda *_: 60, clock=clock)
        operation = work.submit_nowait("item")
        draining = asyncio.create_task(work.drain())
        await clock.advance(59)
        assert not draining.done()
        await clock.advance(1)
        await draining

        assert operation.attempt == 2

    async def test_an_error_in_backoff_ends_the_operation(self, make, caplog):
        """With the attempt's error; the log names the operation."""

        def backoff(attempt, error):
            raise RuntimeError("broken")

        operation = make(fail, max_attempts=2, backoff=backoff).submit_nowait("why")

        with pytest.raises(ValueError, match="why"):
            await operation
        assert operation.id in caplog.text

    async def test_a_retry_follows_at_once_where_no_timer_can_be_set(
        self, make, clock, caplog, monkeypatch
    ):
        """Without it the operation would wait for ever; the log names it."""
        work = make(fail, max_attempts=2, backoff=lambda *_: 60, clock=clock)
        monkeypatch.setattr(clock, "call_later", broken_timer)
        operation = work.submit_nowait("why")

        with pytest.raises(ValueError, match="why"):
            await operation
        assert operation.attempt == 2
        assert operation.id in caplog.text

    async def test_the_default_backoff_doubles_and_jitters(self):
        """Between 0 and 2 s at first, never above a minute."""
        from ephemeral_tasks.core.policy import full_jitter

        error = ValueError()
        assert all(0 <= full_jitter(1, error) <= 2 for _ in range(200))
        assert all(0 <= full_jitter(30, error) <= 60 for _ in range(200))
