"""Statistics, snapshots, history, changes."""

import asyncio
import dataclasses
import random

import pytest

from ephemeral_tasks.core import Status, UnknownOperation
from tests.core.bodies import (
    AdjustedClock,
    adds_up,
    echo,
    fail,
    lambda_body,
    until,
)


class Looking:
    """Statistics, snapshots, history, changes."""

    async def test_the_counters_add_up_at_each_step(self, make, clock):
        """D11: accepted is the sum of the rest, and nothing is below zero."""
        seen = []

        async def body(item):
            seen.append(adds_up(work))
            if item % 3 == 0:
                raise ValueError
            await asyncio.sleep(0)
            seen.append(adds_up(work))

        work = make(
            body,
            limit=2,
            max_attempts=2,
            backoff=lambda *_: 1,
            clock=clock,
            on_change=lambda snapshot: seen.append(adds_up(work)),
        )
        operations = [work.submit_nowait(item) for item in range(12)]
        operations[5].cancel()
        await clock.advance(10)
        await work.drain()

        assert all(seen)
        assert adds_up(work)

    async def test_each_step_is_told_once(self, make, clock):
        """READY, RUNNING, READY for a retry, RUNNING, FAILED."""
        told = []
        work = make(
            fail,
            max_attempts=2,
            backoff=lambda *_: 1,
            clock=clock,
            on_change=lambda snapshot: told.append(snapshot.status),
        )
        work.submit_nowait(1)
        await clock.advance(1)

        assert told == ["READY", "RUNNING", "READY", "RUNNING", "FAILED"]

    async def test_a_request_to_end_is_no_step(self, make, hold):
        """READY, RUNNING, CANCELLED, however often it is asked for."""
        told = []
        work = make(hold.body, on_change=lambda s: told.append(s.status))
        operation = work.submit_nowait(1)
        await hold.aentered(1)
        operation.cancel()
        operation.cancel()
        await work.drain()

        assert told == ["READY", "RUNNING", "CANCELLED"]

    async def test_an_error_in_on_change_harms_nothing(self, make, caplog):
        """D8: it is logged; slots, counters and drain are as ever."""

        def on_change(snapshot):
            raise RuntimeError("listener")

        work = make(echo, limit=1, on_change=on_change)
        operations = [work.submit_nowait(item) for item in range(3)]
        await work.drain()

        assert [await operation for operation in operations] == [0, 1, 2]
        assert adds_up(work)
        assert "on_change failed" in caplog.text

    async def test_a_listener_may_submit_and_cancel(self, make):
        """It is called when the counters are true."""
        more = [2, 3]

        def on_change(snapshot):
            if snapshot.status is Status.SUCCESSFUL and more:
                work.submit_nowait(more.pop())

        work = make(echo, limit=1, capacity=0, on_change=on_change)
        await work.submit_nowait(1)
        await until(lambda: not more and not work.statistics().running)

        assert work.statistics().successful == 3

    async def test_the_history_remembers_finished_operations_only(self, make, hold):
        """D12: what runs is never pushed out, however much ends meanwhile."""

        async def body(item):
            return await hold.body(item) if item == "runs" else item

        work = make(body, history=2)
        running = work.submit_nowait("runs")
        for item in range(5):
            await work.submit_nowait(item)

        assert [s.id for s in work.snapshots(status=Status.RUNNING)] == [running.id]
        assert len(work.snapshots(status=Status.SUCCESSFUL)) == 2

    async def test_what_the_history_lets_go_leaves_an_echo(self, make):
        """Id, status and end; of the newest so many."""
        work = make(echo, limit=1, history=1, echoes=2)
        operations = [work.submit_nowait(item) for item in range(4)]
        await work.drain()

        echoes = work.echoes()
        assert [e.id for e in echoes] == [o.id for o in operations[1:3]]
        assert {e.status for e in echoes} == {Status.SUCCESSFUL}
        assert echoes[0].finished_at == operations[1].snapshot().finished_at

    async def test_the_history_ages_without_anybody_looking(self, make, clock):
        """Age counts from the end of the operation."""
        work = make(echo, max_age=60, clock=clock)
        await work.submit_nowait(1)
        await clock.advance(40)
        await work.submit_nowait(2)
        await clock.advance(20)
        assert len(work._history._facts) == 1

        assert len(work.snapshots()) == 1
        await clock.advance(40)
        assert work.snapshots() == ()
        assert len(work.echoes()) == 2

    @pytest.mark.parametrize("jump", [36_000, -36_000])
    async def test_the_history_ages_by_seconds_that_passed(self, make, jump):
        """An adjustment of the system's clock forgets nothing and keeps nothing."""
        clock = AdjustedClock()
        work = make(echo, max_age=60, clock=clock)
        operation = work.submit_nowait(1)
        await operation
        clock.adjustment = jump
        await clock.advance(50)
        assert [one.id for one in work.snapshots()] == [operation.id]

        await clock.advance(20)
        assert work.snapshots() == ()

    async def test_ids_do_not_repeat_with_the_seed(self, make):
        """They come from the system, so that nobody can tell the next one."""
        work, ids = make(echo), []
        for _ in range(2):
            random.seed(1)
            ids += [work.submit_nowait(item).id for item in range(3)]

        assert len({*ids}) == 6
        assert all(len(id) == 32 for id in ids)

    async def test_a_pinned_operation_stays_in_its_place(self, make, clock):
        """D12: neither count nor age moves it; unpinned, it goes with its age."""
        work = make(echo, history=2, clock=clock)
        first = work.submit_nowait("first")
        await first
        work.pin(first.id)
        for item in range(3):
            await clock.advance(1)
            await work.submit_nowait(item)

        assert work.snapshots()[0].id == first.id
        assert len(work.snapshots()) == 3
        work.unpin(first.id)
        assert first.id not in {s.id for s in work.snapshots()}

    async def test_an_operation_may_be_pinned_before_it_finishes(self, make, hold):
        """So that nothing can push it out between its end and the pin."""
        work = make(hold.body, history=0, echoes=0)
        operation = work.submit_nowait(1)
        work.pin(operation.id)
        hold.open()
        await operation

        assert [s.id for s in work.snapshots()] == [operation.id]

    async def test_pinning_the_unknown_is_refused(self, make):
        """The error names the id."""
        with pytest.raises(UnknownOperation, match="unknown"):
            make(echo).pin("unknown")

    async def test_a_snapshot_never_changes(self, make, hold):
        """D13: it is a picture of one instant."""
        work = make(hold.body)
        operation = work.submit_nowait(1)
        await hold.aentered(1)
        before = operation.snapshot()
        hold.open()
        await operation

        assert before.status is Status.RUNNING
        assert before.finished_at is None
        with pytest.raises(dataclasses.FrozenInstanceError):
            before.status = Status.FAILED

    async def test_times_are_aware_and_in_order(self, make, make_hold, clock):
        """Submitted, started, finished."""
        holds = [make_hold(), make_hold()]
        work = make(lambda_body(holds), limit=1, clock=clock)
        work.submit_nowait(0)
        second = work.submit_nowait(1)
        await clock.advance(5)
        holds[0].open()
        await clock.advance(7)
        holds[1].open()
        await second

        picture = second.snapshot()
        assert (picture.started_at - picture.submitted_at).total_seconds() == 5
        assert (picture.finished_at - picture.started_at).total_seconds() == 7
        assert picture.submitted_at.utcoffset().total_seconds() == 0
