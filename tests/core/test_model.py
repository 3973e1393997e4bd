"""Coordinators do what a simple model says, in any order of events."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from ephemeral_tasks.core import (
    Closed,
    KeyedCoordinator,
    OperationCancelled,
    PriorityCoordinator,
    QueueFull,
    Status,
    WorkCoordinator,
)
from ephemeral_tasks.core.testing import ManualClock

TIMEOUT, DELAY, ATTEMPTS = 10, 5, 3
ALIVE = ("ready", "retrying", "running", "ending")
keys = st.sampled_from("abc")
picks = st.integers(0, 1000)


class Boom(Exception):
    """What a body of the model fails with."""


@dataclass
class Modelled:
    """What the model knows of one operation."""

    number: int
    key: str
    state: str = "ready"
    """ready, retrying, running, ending (told to end, stubborn), or a final status."""
    attempt: int = 0
    elapsed: float = 0
    """Seconds of the attempt or of the pause after one."""
    has_key: bool = False
    """From its first start to its end."""
    is_cancelled: bool = False
    stubborn: bool = False


@dataclass
class Model:
    """The rules in a page: plain lists, and whole scans for everything."""

    limit: int
    per_key: int
    operations: list[Modelled] = field(default_factory=list)
    is_paused: bool = False

    def running(self) -> list[Modelled]:
        """Those that hold a slot."""
        return [o for o in self.operations if o.state in ("running", "ending")]

    def holders(self, key: str) -> int:
        """How many of a key hold it."""
        return sum(o.has_key for o in self.operations if o.key == key)

    def startable(self) -> list[Modelled]:
        """Those that may start, if there is a slot: a key's due ones, or its first."""
        ready = [o for o in self.operations if o.state == "ready"]
        found = [o for o in ready if o.attempt]
        seen = {o.key for o in found}
        for one in ready:
            if one.key not in seen:
                seen.add(one.key)
                if self.holders(one.key) < self.per_key:
                    found.append(one)
        return found


class CoordinatorMachine(RuleBasedStateMachine):
    """Drives a real coordinator and checks it against what the rules allow."""

    per_key = 10**6
    has_keys = False

    def make(self, limit: int):
        """Make the coordinator; on the loop."""
        raise NotImplementedError

    @initialize(limit=st.integers(1, 3), capacity=st.integers(0, 4))
    def begin(self, limit, capacity):
        """A coordinator on a loop and a clock of its own."""
        self.loop = asyncio.new_event_loop()
        self.problems = []
        self.loop.set_exception_handler(
            lambda _, context: self.problems.append(context)
        )
        self.clock = ManualClock()
        self.gates: dict[int, asyncio.Future] = {}
        self.starts: list[int] = []
        self.operations = {}
        self.capacity = capacity
        self.is_closed = False
        self.model = Model(limit=limit, per_key=self.per_key)
        self.refused = 0
        self.call(self.build, limit)

    def call(self, function, *args):
        """Call a function on the loop, and let what is ready happen."""

        async def run():
            try:
                return function(*args)
            finally:
                for _ in range(8):
                    await asyncio.sleep(0)

        return self.loop.run_until_complete(run())

    def build(self, limit):
        """Make the coordinator with this machine's bounds."""
        self.work = self.make(
            limit,
            capacity=self.capacity,
            history=5,
            timeout=TIMEOUT,
            max_attempts=ATTEMPTS,
            backoff=lambda attempt, error: DELAY,
            retry_on=(Boom, TimeoutError),
            clock=self.clock,
        )

    async def body(self, item):
        """Stop at a gate of one's own; a stubborn body minds no cancellation."""
        modelled = item
        gate = self.gates[modelled.number] = self.loop.create_future()
        self.starts.append(modelled.number)
        while not gate.done():
            try:
                await asyncio.wait([gate])
            except asyncio.CancelledError:
                if not modelled.stubborn:
                    raise
        return gate.result()

    # -- events ------------------------------------------------------------------------

    @rule(key=keys, stubborn=st.booleans())
    def submit(self, key, stubborn):
        """Take an item if the rules say there is room."""
        key = key if self.has_keys else ""
        one = Modelled(len(self.operations), key, stubborn=stubborn)
        has_room = self.has_room(key)
        try:
            operation = self.call(self.work.submit_nowait, one)
        except QueueFull:
            assert (has_room, self.is_closed) == (False, False)
            self.refused += 1
        except Closed:
            assert self.is_closed
        else:
            assert has_room
            assert not self.is_closed
            self.operations[one.number] = operation
            self.model.operations.append(one)
            self.follow()

    def has_room(self, key) -> bool:
        """Return whether fewer than capacity wait, or a newcomer starts at once."""
        waiting = [
            o for o in self.model.operations if o.state == "ready" and not o.attempt
        ]
        if len(waiting) < self.capacity:
            return True
        is_slot_free = len(self.model.running()) < self.model.limit
        is_first = not any(
            o.state == "ready" and o.key == key for o in self.model.operations
        )
        is_key_free = self.model.holders(key) < self.per_key
        return not self.model.is_paused and is_slot_free and is_first and is_key_free

    def pick(self, states, index) -> Modelled | None:
        """Return one of the operations in these states, if there is one."""
        found = [o for o in self.model.operations if o.state in states]
        return found[index % len(found)] if found else None

    @rule(index=picks, fails=st.booleans())
    def end_a_body(self, index, fails):
        """Let a body return, or raise."""
        one = self.pick(("running", "ending"), index)
        if one is None:
            return
        gate = self.gates[one.number]
        if fails:
            self.call(gate.set_exception, Boom(one.number))
        else:
            self.call(gate.set_result, one.number)
        self.attempt_ended(one, failed=fails)
        self.follow()

    def attempt_ended(self, one: Modelled, *, failed: bool) -> None:
        """Take an attempt's end into the model."""
        is_late = one.elapsed >= TIMEOUT
        if one.is_cancelled:
            self.finish(one, "CANCELLED")
        elif not (failed or is_late):
            self.finish(one, "SUCCESSFUL")
        elif one.attempt < ATTEMPTS:
            one.state, one.elapsed = "retrying", 0
        else:
            self.finish(one, "FAILED")

    def finish(self, one: Modelled, status: str) -> None:
        """End an operation of the model."""
        one.state, one.has_key = status, False

    @rule(index=picks, by_id=st.booleans())
    def cancel(self, index, by_id):
        """Tell one to end."""
        one = self.pick(ALIVE, index)
        if one is None:
            return
        operation = self.operations[one.number]
        cancel = operation.cancel if not by_id else self.work.cancel
        assert self.call(cancel, *([operation.id] if by_id else []))
        self.told(one)
        self.follow()

    @rule(index=picks)
    def cancel_a_finished_one(self, index):
        """It says so, and nothing changes."""
        one = self.pick(("SUCCESSFUL", "FAILED", "CANCELLED"), index)
        if one is not None:
            assert self.call(self.operations[one.number].cancel) is False

    @rule()
    def cancel_all(self):
        """Tell all to end; no body starts for it."""
        alive = [o for o in self.model.operations if o.state in ALIVE]
        before = len(self.starts)
        assert self.call(self.work.cancel_all) == len(alive)
        assert len(self.starts) == before
        for one in alive:
            self.told(one)

    def told(self, one: Modelled) -> None:
        """Take a request to end into the model."""
        one.is_cancelled = True
        if one.state in ("ready", "retrying") or not one.stubborn:
            self.finish(one, "CANCELLED")
        else:
            one.state = "ending"

    @rule(seconds=st.sampled_from([1, 5, 10]))
    def wait(self, seconds):
        """Let time pass, a second at a time."""
        for _ in range(seconds):
            self.loop.run_until_complete(self.clock.advance(1))
            for one in self.model.operations:
                if one.state in ("running", "ending", "retrying"):
                    one.elapsed += 1
            for one in self.model.operations:
                if one.state == "running" and one.elapsed == TIMEOUT:
                    self.late(one)
                elif one.state == "retrying" and one.elapsed == DELAY:
                    one.state = "ready"
            self.follow()

    def late(self, one: Modelled) -> None:
        """Take a time-out into the model."""
        if one.stubborn:
            one.state = "ending"
        else:
            self.attempt_ended(one, failed=True)

    @rule(limit=st.integers(1, 4))
    def resize(self, limit):
        """Another limit."""
        self.call(self.work.resize, limit)
        self.model.limit = limit
        self.follow()

    @rule()
    def pause(self):
        """No more starts."""
        self.call(self.work.pause)
        self.model.is_paused = True

    @rule()
    def resume(self):
        """Starts again."""
        self.call(self.work.resume)
        self.model.is_paused = False
        self.follow()

    @precondition(lambda self: not self.is_closed and len(self.operations) > 8)
    @rule()
    def close(self):
        """No more input."""
        self.call(self.work.close)
        self.is_closed = True

    # -- what must follow --------------------------------------------------------------

    def follow(self):
        """Take into the model what the coordinator started, if the rules allow it."""
        started = self.starts[getattr(self, "seen", 0) :]
        self.seen = len(self.starts)
        for number in started:
            one = self.model.operations[self.index_of(number)]
            allowed = self.model.startable()
            assert one in allowed, "started out of order, or beyond its key's limit"
            self.check_order(one, allowed)
            assert not self.model.is_paused
            one.state, one.elapsed, one.has_key = "running", 0, True
            one.attempt += 1
            assert len(self.model.running()) <= self.model.limit

    def index_of(self, number: int) -> int:
        """Return an operation's place in the model."""
        return next(
            i for i, o in enumerate(self.model.operations) if o.number == number
        )

    def check_order(self, one, allowed):
        """Check what differs between coordinators."""

    @invariant()
    def nothing_that_may_start_waits(self):
        """A free slot, and somebody for it: then it has started."""
        if not hasattr(self, "work") or self.model.is_paused:
            return
        if len(self.model.running()) < self.model.limit:
            assert self.model.startable() == []

    @invariant()
    def each_status_is_the_models(self):
        """Live, in snapshots and in counters."""
        if not hasattr(self, "work"):
            return
        states = {"ready": "READY", "retrying": "READY"}
        states |= {"running": "RUNNING", "ending": "RUNNING"}
        for one in self.model.operations:
            operation = self.operations[one.number]
            assert operation.status == states.get(one.state, one.state)
            assert operation.attempt == one.attempt
        count = Counter(o.state for o in self.model.operations)
        fresh = sum(o.state == "ready" and not o.attempt for o in self.model.operations)
        counters = self.work.statistics()
        assert counters.waiting == fresh
        assert counters.running == count["running"] + count["ending"]
        assert counters.successful == count["SUCCESSFUL"]
        assert counters.failed == count["FAILED"]
        assert counters.cancelled == count["CANCELLED"]
        assert counters.accepted == len(self.model.operations)
        assert counters.refused == self.refused

    def teardown(self):
        """Drain what is left; every outcome is the model's, and nothing was lost."""
        if not hasattr(self, "work"):
            return
        self.loop.run_until_complete(self.drain())
        assert self.problems == []
        self.loop.close()

    async def drain(self):
        """Let everything end, and check each outcome."""
        self.work.resume()
        draining = asyncio.create_task(self.work.drain())
        while not draining.done():
            for gate in self.gates.values():
                if not gate.done():
                    gate.set_result("drained")
            await self.clock.advance(DELAY)
        await draining
        for operation in self.operations.values():
            try:
                await operation
                assert operation.status is Status.SUCCESSFUL
            except OperationCancelled:
                assert operation.status is Status.CANCELLED
            except (Boom, TimeoutError):
                assert operation.status is Status.FAILED
        assert len(self.work.snapshots()) == min(5, len(self.operations))


class WorkMachine(CoordinatorMachine):
    """Operations start in order; those whose next attempt is due go first."""

    def make(self, limit, **options):
        """Make a WorkCoordinator."""
        return WorkCoordinator(self.body, limit=limit, **options)

    def check_order(self, one, allowed):
        """The oldest of those that never started, unless an attempt was due."""
        if one.attempt:
            return
        fresh = [
            o for o in self.model.operations if o.state == "ready" and not o.attempt
        ]
        assert one is fresh[0]
        assert not any(o.state == "ready" and o.attempt for o in self.model.operations)


class KeyedMachine(CoordinatorMachine):
    """Order within a key, one at a time; turns between keys."""

    per_key = 1
    has_keys = True

    def make(self, limit, **options):
        """Make a KeyedCoordinator."""
        return KeyedCoordinator(
            self.body, key=lambda one: one.key, limit=limit, **options
        )


class PriorityMachine(CoordinatorMachine):
    """The highest lane first; the lowest one, c, has a depth."""

    has_keys = True

    def make(self, limit, **options):
        """Make a PriorityCoordinator."""
        return PriorityCoordinator(
            self.body,
            lanes={"a": None, "b": None, "c": 1},
            lane=lambda one: one.key,
            limit=limit,
            **options,
        )

    def has_room(self, key) -> bool:
        """Return whether queue and lane have a place, or a newcomer starts at once."""
        ready = [o for o in self.model.operations if o.state == "ready"]
        waiting = [o for o in ready if not o.attempt]
        is_lane_full = key == "c" and any(o.key == "c" for o in waiting)
        if len(waiting) < self.capacity and not is_lane_full:
            return True
        is_slot_free = len(self.model.running()) < self.model.limit
        return not self.model.is_paused and is_slot_free and not ready

    def check_order(self, one, allowed):
        """The highest lane's; in a lane those whose attempt is due, then the oldest."""
        first = min(o.key for o in allowed)
        assert one.key == first
        if not one.attempt:
            lane = [o for o in self.model.operations if o.key == first]
            ready = [o for o in lane if o.state == "ready"]
            assert one is ready[0]
            assert not any(o.attempt for o in ready)


TestWorkMachine = WorkMachine.TestCase
TestKeyedMachine = KeyedMachine.TestCase
TestPriorityMachine = PriorityMachine.TestCase
# Enough for each pair of events; asyncio's debug mode makes each step slow.
for case in (TestWorkMachine, TestKeyedMachine, TestPriorityMachine):
    case.settings = settings(max_examples=40, stateful_step_count=30)


@pytest.mark.parametrize("keys", ["aaabbbccc", "abcabcabc", "aaaaabc"])
async def test_a_position_is_the_place_in_which_it_starts(make_keyed, hold, keys):
    """Exactly so, as long as one runs at a time and all are equally urgent."""
    keyed = make_keyed(hold.body, key=lambda item: item[0], limit=1)
    keyed.submit_nowait("x0")
    operations = [
        keyed.submit_nowait(f"{key}{number}") for number, key in enumerate(keys)
    ]
    positions = {o.item: keyed._scheduler.position(o) for o in operations}
    hold.open()
    await keyed.drain()

    starts = {item: place for place, item in enumerate(hold.items)}
    assert positions == {item: starts[item] for item in positions}


async def test_what_runs_or_has_ended_has_no_position(make_keyed, make_work, hold):
    """None."""
    for coordinator in (make_keyed(hold.body, limit=1), make_work(hold.body, limit=1)):
        running, waiting = (coordinator.submit_nowait(n) for n in range(2))
        position = coordinator._scheduler.position
        assert (position(running), position(waiting)) == (None, 1)
        hold.open()
        await coordinator.drain()
        assert (position(running), position(waiting)) == (None, None)


async def test_a_retry_waits_at_the_front(make_keyed, make_work, hold, clock):
    """Place 1, also while its pause lasts."""

    async def body(item):
        if item == "fails":
            raise Boom
        await hold.body(item)

    options = {"limit": 1, "max_attempts": 2, "backoff": lambda *_: 9, "clock": clock}
    for make in (make_keyed, make_work):
        coordinator = make(body, **options)
        retried = coordinator.submit_nowait("fails")
        for item in range(3):
            coordinator.submit_nowait(item)
        await clock.advance(1)

        assert coordinator._scheduler.position(retried) == 1
