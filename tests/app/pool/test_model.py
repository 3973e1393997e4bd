"""The pool does what a simple model says, in any order of events."""

import asyncio
import time
from collections import Counter
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.test import override_settings
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from ephemeral_tasks import (
    Closed,
    QueueFull,
    aask,
    current_operation,
    pool,
    submit,
    task,
)
from ephemeral_tasks import windows as stored
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.errors import WindowFull
from ephemeral_tasks.pool import draining, sweep
from ephemeral_tasks.submission import answer, cancel, dismiss, end_owner, retry, window
from ephemeral_tasks.testing import drain, manual_clock
from tests.app.conftest import settle
from tests.app.pool.model import (
    ATTEMPTS,
    DEFER_SECONDS,
    IDLE_SECONDS,
    MAX_AGE_SECONDS,
    RETRY_SECONDS,
    SWEEP_SECONDS,
    Full,
    Model,
    Modelled,
    WindowIsFull,
)

OWNERS = "abc"
owners = st.sampled_from(OWNERS)
picks = st.integers(0, 1000)
sizes = st.sampled_from([0, 10, 30])
priorities = st.sampled_from([0, 1])


class Boom(Exception):
    """What a body of the model fails with."""


class Gates:
    """Where each attempt waits for what it is to return or raise."""

    def __init__(self) -> None:
        self._gates: dict[tuple[str, int, int], Future] = {}

    def of(self, id, attempt, asked):
        return self._gates.setdefault((id, attempt, asked), Future())

    def of_model(self, one):
        return self.of(one.id, one.attempt, one.asked)

    def here(self, asked=0):
        operation = current_operation()
        return self.of(operation.id, operation.attempt, asked)


ASK = object()
"""What a body gets that is to ask its owner."""
numbers: dict[str, int] = {}
"""How many questions the bodies of each operation have asked."""
gates = Gates()
options = {
    "max_attempts": ATTEMPTS,
    "backoff": lambda attempt, error: RETRY_SECONDS,
    "retry_on": (Boom,),
}


@task(**options)
async def model_async(text):
    """Wait at the attempt's gate, and at the next one after each question."""
    here = current_operation()
    asked = numbers.get(here.id, 0)
    while (given := await asyncio.wrap_future(gates.here(asked))) is ASK:
        asked = numbers[here.id] = asked + 1
        await aask("Well?", choices=["go on"])
    return given


@task(**options)
def model_plain(text):
    """Wait at the attempt's gate in a thread, whatever is asked of it meanwhile."""
    return gates.here().result()


def can_retry(model, one):
    """Whether an owner may try it again."""
    return one.state in ("FAILED", "CANCELLED") and can_name(model, one)


def can_dismiss(model, one):
    """Whether an owner may dismiss it."""
    return one.is_finished and can_name(model, one)


def can_cancel(model, one):
    """Whether its owner, or the ledger's caller if it has no owner, may cancel it."""
    return not one.is_finished and (one.owner is None or can_name(model, one))


def can_name(model, one):
    """Whether its owner's window names it."""
    return one.owner is not None and one in model.read(one.owner)


def can_end(model, one):
    """Whether its body runs."""
    return one.state == "RUNNING"


def can_ask(model, one):
    """Whether its body may ask; a plain one's end would come at any time."""
    return can_end(model, one) and not (one.is_plain or one.is_told or not one.owner)


def can_answer(model, one):
    """Whether its owner may answer it."""
    return one.state == "ASKING" and can_name(model, one)


def when(is_meant):
    """Draw a rule only while there is such an operation."""
    return precondition(lambda self: self.found(is_meant))


class PoolMachine(RuleBasedStateMachine):
    """Drives a real pool by hand and compares it with the model after each event."""

    @initialize(
        limit=st.integers(1, 3),
        per_owner=st.integers(1, 2),
        capacity=st.sampled_from([0, 2, 10, 20]),
        window_size=st.integers(2, 3),
        refuses=st.booleans(),
        max_owners=st.integers(2, 3),
        max_bytes=st.sampled_from([100, 1000, 1000]),
        unowned_size=st.integers(0, 2),
    )
    def begin(self, **bounds):
        """A pool with these bounds, whose time the machine moves."""
        self.stack = ExitStack()
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(sweep, "_SLICE_SECONDS", 60.0)  # one slice, also when it is slow
        self.stack.enter_context(self.settings_of(bounds))
        caches["default"].clear()
        self.clock = self.stack.enter_context(manual_clock())
        self.model = Model(now=self.clock.time(), **bounds)
        self.operations = {}
        self.pool = pool.get()

    def settings_of(self, bounds):
        """Return the settings that say the same as the model's bounds."""
        backend = {"BACKEND": "ephemeral_tasks.backends.PoolBackend", "QUEUES": []}
        is_refusing = bounds["refuses"]
        names = {
            "MAX_RUNNING": bounds["limit"],
            "MAX_RUNNING_PER_OWNER": bounds["per_owner"],
            "MAX_WAITING": bounds["capacity"],
            "WINDOW_SIZE": bounds["window_size"],
            "WHEN_WINDOW_FULL": "refuse" if is_refusing else "push",
            "MAX_OWNERS": bounds["max_owners"],
            "MAX_KEPT_BYTES": bounds["max_bytes"],
            "UNOWNED_SIZE": bounds["unowned_size"],
            "IDLE_SECONDS": IDLE_SECONDS,
            "MAX_AGE_SECONDS": MAX_AGE_SECONDS,
            "SWEEP_SECONDS": SWEEP_SECONDS,
            "CACHE_ALIAS": "default",
        }
        return override_settings(EPHEMERAL_TASKS=names, TASKS={"default": backend})

    # -- submitting --------------------------------------------------------------------

    @rule(owner=owners, priority=priorities, size=sizes, is_plain=st.booleans())
    def submit(self, owner, priority, size, is_plain):
        """An owner's operation."""
        one = self.new(owner, priority, size, is_plain=is_plain)
        body = self.body_of(one)
        self.compare(one, lambda: submit(owner, body, "x" * size).id)

    @rule(urgencies=st.lists(priorities, min_size=1, max_size=4), size=sizes)
    def enqueue(self, urgencies, size):
        """Submit operations without an owner, one for each priority."""
        for priority in urgencies:
            one = self.new(None, priority, size, is_plain=False)
            body = self.body_of(one)
            self.compare(one, lambda body=body: body.enqueue("x" * size).id)

    @rule(priority=priorities)
    def defer(self, priority):
        """Nobody's, which may start in a while."""
        one = self.new(None, priority, 0, is_plain=True)
        one.state = "DEFERRED"
        delay = timedelta(seconds=DEFER_SECONDS)
        body = self.body_of(one).using(run_after=delay)
        self.compare(one, lambda: body.enqueue("").id)

    @when(can_retry)
    @rule(index=picks)
    def retry(self, index):
        """Once more, in the old one's place."""
        old = self.pick(index, can_retry)
        one = self.new(old.owner, old.priority, old.size, is_plain=old.is_plain)
        self.model.touch(old.owner)
        self.compare(one, lambda: retry(old.owner, old.id).id, old=old)

    def new(self, owner, priority, size, *, is_plain):
        return Modelled(
            owner=owner,
            priority=priority,
            is_plain=is_plain,
            size=size,
            submitted=self.model.now,
        )

    def body_of(self, one):
        body = model_plain if one.is_plain else model_async
        return body.using(priority=one.priority) if one.priority else body

    def compare(self, one, call, *, old=None):
        """Submit where the model takes it, and be refused where it does not."""
        if self.model.is_closed:
            with pytest.raises((Closed, WindowFull)):
                call()
            return
        try:
            self.model.submit(one, old=old)
        except Full:
            with pytest.raises(QueueFull):
                call()
        except WindowIsFull:
            with pytest.raises(WindowFull):
                call()
        else:
            one.id = call()
            self.operations[one.id] = self.pool.ledger.memory.get(one.id)

    # -- ending ------------------------------------------------------------------------

    def found(self, is_meant):
        """Return the operations of this kind."""
        return [one for one in self.model.operations if is_meant(self.model, one)]

    def pick(self, index, is_meant):
        """Return one of the operations of this kind."""
        found = self.found(is_meant)
        return found[index % len(found)]

    @when(can_end)
    @rule(
        ends=st.lists(st.tuples(picks, st.booleans()), min_size=1, max_size=4),
        size=sizes,
    )
    def end_bodies(self, ends, size):
        """Bodies return or raise, one after the other."""
        for index, fails in ends:
            if self.found(can_end):
                self.end(self.pick(index, can_end), fails=fails, size=size)

    @rule(owner=owners, size=sizes)
    def run(self, owner, size):
        """An operation that ends well as soon as it has started."""
        self.submit(owner, 0, size, False)
        one = self.model.operations[-1] if self.model.operations else None
        if one is not None and one.state == "RUNNING":
            self.end(one, fails=False, size=size)

    def end(self, one, *, fails, size):
        attempt, gate = one.attempt, gates.of_model(one)
        self.model.end_body(one, fails=fails, result_size=size)
        if fails:
            gate.set_exception(Boom())
        else:
            gate.set_result("x" * size)
        self.until_over(self.operations[one.id], attempt)

    def until_over(self, operation, attempt):
        """Wait until a thread's attempt has reached the ledger."""
        until = time.monotonic() + PATIENCE_SECONDS
        while operation.status == "RUNNING" and operation.attempt == attempt:
            assert time.monotonic() < until
            settle()

    @when(can_ask)
    @rule(index=picks)
    def ask(self, index):
        """A body asks its owner, without a slot from then on."""
        one = self.pick(index, can_ask)
        gate = gates.of_model(one)
        self.model.ask(one)
        gate.set_result(ASK)

    @when(can_answer)
    @rule(index=picks)
    def answer(self, index):
        """It goes on at once."""
        one = self.pick(index, can_answer)
        self.model.touch(one.owner)
        answer(one.owner, one.id, one.asked, "go on")
        self.model.answer(one)

    @when(can_cancel)
    @rule(index=picks)
    def cancel(self, index):
        """Cancel as the owner, or as the ledger's caller if there is no owner."""
        one = self.pick(index, can_cancel)
        if one.owner is not None:
            self.model.touch(one.owner)
            cancel(one.owner, one.id)
        else:
            self.pool.follow(self.pool.ledger.cancel(self.operations[one.id])[1])
        self.model.cancel(one)

    @when(can_dismiss)
    @rule(index=picks)
    def dismiss(self, index):
        """A finished one goes."""
        one = self.pick(index, can_dismiss)
        dismiss(one.owner, one.id)
        self.model.dismiss(one)

    # -- time and steering -------------------------------------------------------------

    @rule(owner=owners, is_leaving=st.integers(0, 5).map(lambda draw: draw == 5))
    def visit(self, owner, is_leaving):
        """An owner looks, and so keeps the window alive; or logs out."""
        if is_leaving:
            end_owner(owner)
            self.model.end_owner(owner)
            return
        seen = [row.id for row in window(owner)]
        assert seen == [one.id for one in self.model.touch(owner)]

    @rule(times=st.sampled_from([1, 1, 2, 8]))
    def wait(self, times):
        """Time passes; twice in SWEEP_SECONDS the pool sweeps."""
        for _ in range(times):
            self.clock.advance(SWEEP_SECONDS / 2)
            self.model.wait(SWEEP_SECONDS / 2)

    @rule(owner=owners)
    def clear_the_cache(self, owner):
        """Windows are gone; a submission starts a new one, a sweep forgets the rest."""
        caches["default"].clear()
        self.model.names.clear()
        self.submit(owner, 0, 0, False)
        self.wait(1)

    @rule(what=st.sampled_from(["pause", "resume", "resume", 1, 2, 4]))
    def steer(self, what):
        """No more starts, starts again, or another limit."""
        if what == "pause":
            pool.pause()
            self.model.is_paused = True
        elif what == "resume":
            pool.resume()
            self.model.resume()
        else:
            pool.resize(what)
            self.model.resize(what)

    @precondition(lambda self: len(self.operations) > 10)
    @rule()
    def close(self):
        """The process is ending."""
        draining.close(self.pool)
        self.model.close()

    # -- what must hold ----------------------------------------------------------------

    @invariant()
    def it_is_as_the_model_says(self):
        """Statuses, attempts, what is kept and named, counters; and the books agree."""
        if not hasattr(self, "pool"):
            return
        settle()
        self.pool.ledger.check()
        self.check_operations()
        self.check_counters()
        for owner in OWNERS:
            kept = [one.id for one in self.pool.ledger.memory.of(owner)]
            named = [one.id for one in stored.read(owner, touch=False).handles]
            assert kept == [one.id for one in self.model.kept.get(owner, [])]
            assert named == [one.id for one in self.model.read(owner)]

    def check_operations(self):
        names = {"DEFERRED": "READY", "PAUSED": "READY", "ASKING": "RUNNING"}
        for one in self.model.operations:
            operation = self.operations[one.id]
            assert operation.status == names.get(one.state, one.state)
            assert operation.attempt == one.attempt
            is_kept = self.pool.ledger.memory.get(one.id) is not None
            assert is_kept == one.is_kept

    def check_counters(self):
        counters, model = self.pool.statistics(), self.model
        states = Counter(one.state for one in model.operations)
        assert counters.running == states["RUNNING"]
        assert counters.asking == states["ASKING"]
        assert counters.waiting == len(model.waiting())
        assert counters.successful == states["SUCCESSFUL"]
        assert counters.failed == states["FAILED"]
        assert counters.cancelled == states["CANCELLED"]
        assert counters.accepted == len(model.operations)
        assert counters.refused == model.refused
        assert counters.kept_bytes == model.bytes()
        assert counters.owners == len(model.kept)

    def teardown(self):
        """Whatever is left ends."""
        if hasattr(self, "pool"):
            self.pool.follow(self.pool.ledger.cancel_all())
            for one in self.model.running():
                if one.is_plain:
                    gates.of_model(one).set_result("")
            drain()
            self.pool.ledger.check()
            self.stack.close()


TestPoolMachine = PoolMachine.TestCase
# Enough for each pair of events; every event is followed by turns of a real loop.
TestPoolMachine.settings = settings(max_examples=80, stateful_step_count=50)
