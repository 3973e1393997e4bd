"""Lives as signals, and signals that steer."""

import asyncio
import gc
import weakref

import pytest

from ephemeral_tasks.core import (
    OperationCancelled,
    SignalHub,
    Status,
    current_operation,
)
from tests.core.bodies import adds_up, echo, fail


def names(hub, pattern="*") -> list[str]:
    """The names of the hub's signals."""
    return [signal.name for signal in hub.recent(pattern)]


class Signalling:
    """Lives as signals, and signals that steer."""

    async def test_a_body_emits_signals(self, make):
        """D1, D2: about its own operation; the hub remembers them."""
        hub = SignalHub()

        async def body(item):
            return current_operation().emit("rate.limited", key="example.org")

        operation = make(body, hub=hub).submit_nowait(1)
        signal = await operation

        assert hub.recent("rate.*") == (signal,)
        assert (signal.key, signal.operation_id) == ("example.org", operation.id)

    async def test_without_a_hub_a_bodys_signal_is_nothing(self, make):
        """Neither is that of a task which the body left running."""

        async def body(item):
            return current_operation(), current_operation().emit("rate.limited")

        here, signal = await make(body).submit_nowait(1)

        assert signal is None
        assert here.emit("late") is None

    async def test_an_operations_life_is_signals(self, make, clock):
        """Each attempt, each pause and the end, with its id, key and status."""
        hub = SignalHub(clock=clock)
        calls = []

        async def body(item):
            calls.append(item)
            if len(calls) == 1:
                raise ValueError

        work = make(body, hub=hub, max_attempts=2, backoff=lambda *_: 5, clock=clock)
        operation = work.submit_nowait(1)
        await clock.advance(5)

        assert [(signal.name, signal.status) for signal in hub.recent()] == [
            ("operation.started", Status.RUNNING),
            ("operation.retrying", Status.READY),
            ("operation.started", Status.RUNNING),
            ("operation.finished", Status.SUCCESSFUL),
        ]
        key = operation.snapshot().key
        ids = {(signal.operation_id, signal.key) for signal in hub.recent()}
        assert ids == {(operation.id, key)}

    async def test_a_failure_is_a_signal_of_its_own(self, make, settle):
        """So that a pattern finds it."""
        hub = SignalHub()
        make(fail, hub=hub).submit_nowait(1)
        await settle()

        assert names(hub)[1:] == ["operation.failed", "operation.finished"]

    async def test_a_coordinators_life_is_signals(self, make):
        """Each once, in its order."""
        hub = SignalHub()
        work = make(echo, hub=hub)
        work.pause()
        work.pause()
        work.resume()
        work.submit_nowait(1)
        await work.drain()
        await work.aclose()

        assert names(hub) == [
            "coordinator.paused",
            "coordinator.resumed",
            "operation.started",
            "coordinator.closed",
            "operation.finished",
            "coordinator.drained",
        ]

    async def test_a_signal_cancels_all_that_is_unfinished(self, make, hold):
        """It cancels nothing that is submitted later."""
        hub = SignalHub()
        work = make(hold.body, hub=hub, limit=1, cancel_on=["stop.*", "halt"])
        operations = [work.submit_nowait(item) for item in range(3)]
        await hold.aentered(1)

        hub.emit("stop.now")
        later = work.submit_nowait("later")
        hold.open()

        assert await later == "later"
        assert [o.status for o in operations] == [Status.CANCELLED] * 3
        assert adds_up(work)

    async def test_a_failure_may_cancel_the_rest(self, make, hold):
        """By its own signal, in the step that ends it."""
        hub = SignalHub()

        async def body(item):
            await hold.body(item)
            raise ValueError

        work = make(body, hub=hub, limit=2, cancel_on="operation.failed")
        operations = [work.submit_nowait(item) for item in range(4)]
        await hold.aentered(2)
        hold.pass_one()
        await work.drain()

        statuses = sorted(operation.status for operation in operations)
        assert statuses == [Status.CANCELLED] * 3 + [Status.FAILED]
        assert adds_up(work)
        assert names(hub, "coordinator.drained") == ["coordinator.drained"]

    async def test_a_body_may_cancel_its_own_coordinator(self, make):
        """It is interrupted like the others."""
        hub = SignalHub()

        async def body(item):
            current_operation().emit("stop")
            await asyncio.Event().wait()

        operation = make(body, hub=hub, cancel_on="stop").submit_nowait(1)

        with pytest.raises(OperationCancelled):
            await operation

    async def test_deferred_work_waits_until_a_signal_resumes_it(
        self, make, hold, clock
    ):
        """D1, D16: however long that takes; it is never started for impatience."""
        hub = SignalHub(clock=clock)
        work = make(
            hold.body, hub=hub, clock=clock, defer_on="busy.*", resume_on="idle"
        )
        hold.open()
        hub.emit("busy.disk")
        operation = work.submit_nowait(1)
        await clock.advance(100_000)
        assert operation.status is Status.READY
        assert work.statistics().is_paused

        hub.emit("idle")

        assert await operation == 1

    async def test_the_last_signal_wins(self, make, hold):
        """D16: an earlier resume signal takes no later defer signal's effect."""
        hub = SignalHub()
        work = make(hold.body, hub=hub, defer_on="busy", resume_on="idle")
        for name in ("idle", "busy", "idle", "busy"):
            hub.emit(name)

        assert work.submit_nowait(1).status is Status.READY
        hub.emit("idle")
        assert work.statistics().running == 1

    async def test_signals_of_before_steer_no_new_coordinator(self, make):
        """D16: it follows what is emitted from now on."""
        hub = SignalHub()
        for name in ("busy", "stop"):
            hub.emit(name)
        work = make(echo, hub=hub, defer_on="busy", cancel_on="stop")

        assert await work.submit_nowait(1) == 1

    async def test_a_resume_signal_ends_no_pause_by_hand(self, make):
        """And resume() ends both."""
        hub = SignalHub()
        work = make(echo, hub=hub, defer_on="busy", resume_on="idle")
        work.pause()
        hub.emit("busy")
        hub.emit("idle")
        assert work.statistics().is_paused

        hub.emit("busy")
        work.resume()
        assert not work.statistics().is_paused

    async def test_signals_become_operations(self, make):
        """D24: a coordinator's ``submit_nowait`` is a listener that may await."""
        hub = SignalHub()
        seen = []

        async def body(signal):
            await asyncio.sleep(0)
            seen.append(signal.name)

        work = make(body, **self.by_identity)
        hub.subscribe("mail.*", work.submit_nowait)
        hub.emit("mail.a")
        hub.emit("mail.b")
        await work.drain()

        assert sorted(seen) == ["mail.a", "mail.b"]

    async def test_a_full_coordinator_harms_no_emitter(self, make, hold, caplog):
        """D24: what it cannot take is logged as its listener's error."""
        hub = SignalHub()
        work = make(hold.body, limit=1, capacity=0, **self.by_identity)
        hub.subscribe("*", work.submit_nowait)

        hub.emit("a")
        hub.emit("b")

        assert work.statistics().refused == 1
        assert [r.getMessage() for r in caplog.records] == ["listener failed: signal=b"]

    async def test_a_drained_coordinator_follows_no_signals(self, make):
        """Its subscriptions are gone."""
        hub = SignalHub()
        work = make(echo, hub=hub, cancel_on="a", defer_on="b*", resume_on="c")
        assert len(hub._subscriptions) == 3

        await work.drain()

        assert len(hub._subscriptions) == 0

    async def test_a_hub_keeps_no_coordinator_alive(self, kind):
        """One that was dropped is collected, and its subscriptions go with it."""
        hub = SignalHub()
        work = kind(echo, limit=1, hub=hub, cancel_on="a", defer_on="b*")
        gone = weakref.ref(work)

        del work
        gc.collect()

        assert gone() is None
        assert len(hub._subscriptions) == 0

    @pytest.mark.parametrize("argument", ["cancel_on", "defer_on", "resume_on"])
    async def test_a_pattern_needs_a_hub(self, make, argument):
        """Without one nothing would ever come."""
        with pytest.raises(ValueError, match=f"{argument} needs a hub"):
            make(echo, **{argument: "a"})
        with pytest.raises(TypeError, match=f"{argument} must be patterns of names"):
            make(echo, hub=SignalHub(), **{argument: [7]})
