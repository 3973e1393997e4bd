"""KeyedCoordinator keeps the shared rules, and order within a key."""

import asyncio
from functools import partial
from typing import Any, ClassVar

import pytest

from ephemeral_tasks.core import KeyedCoordinator, QueueFull, Status
from tests.core.bodies import adds_up, echo, lambda_body, sizes, until
from tests.core.contract import CoordinatorContract


def first_letter(item: str) -> str:
    """The key of these tests."""
    return item[0]


class TestKeyedCoordinator(CoordinatorContract):
    by_identity: ClassVar[dict[str, Any]] = {"key": lambda item: 1}

    @pytest.fixture
    def make(self, make_keyed):
        """Make a coordinator with a limit of 4; each item is a key of its own."""
        return make_keyed

    @pytest.fixture
    def make_from(self, build):
        """Make one that reads a source."""
        return partial(build, KeyedCoordinator.from_iterable, key=lambda item: item)

    @pytest.fixture
    def kind(self):
        """The class itself, with its key."""
        return partial(KeyedCoordinator, key=lambda item: item)


async def test_second_operation_of_a_key_waits_for_the_first(make_keyed, hold):
    """A key runs one operation at a time, in the order of submission."""
    keyed = make_keyed(hold.body, key=first_letter, limit=4)

    first = keyed.submit_nowait("a1")
    second = keyed.submit_nowait("a2")
    await hold.aentered(1)

    assert first.status is Status.RUNNING
    assert second.status is Status.READY


async def test_a_busy_key_never_blocks_another(make_keyed, hold):
    """D3: slots go to other keys while one is at its limit."""
    keyed = make_keyed(hold.body, key=first_letter, limit=2)
    for item in ("a1", "a2", "a3", "b1"):
        keyed.submit_nowait(item)
    await hold.aentered(2)

    assert hold.items == ["a1", "b1"]


async def test_a_busy_key_that_fills_the_queue_never_blocks_another(make_keyed, hold):
    """D3: a submitter whose key is free passes those who wait for a busy one."""
    keyed = make_keyed(hold.body, key=first_letter, limit=2, capacity=1)
    keyed.submit_nowait("a1")
    keyed.submit_nowait("a2")
    blocked = asyncio.create_task(keyed.submit("a3"))
    await hold.aentered(1)

    passing = await keyed.submit("b1")
    with pytest.raises(QueueFull):
        keyed.submit_nowait("b2")

    assert passing.status is Status.RUNNING
    assert not blocked.done()
    hold.open()
    await blocked


async def test_a_blocked_submitter_starts_once_its_key_is_free(make_keyed, make_hold):
    """D3: also where the queue stays full of another key's operations."""
    holds = {name: make_hold() for name in ("a1", "a2", "b1", "b2", "c1")}
    keyed = make_keyed(lambda_body(holds), key=first_letter, limit=3, capacity=1)
    keyed.submit_nowait("a1")
    keyed.submit_nowait("b1")
    keyed.submit_nowait("a2")  # waits, and fills the queue
    blocked = asyncio.create_task(keyed.submit("b2"))
    await holds["b1"].aentered(1)

    holds["b1"].open()
    operation = await blocked

    await holds["b2"].aentered(1)
    assert operation.status is Status.RUNNING
    for one in holds.values():
        one.open()


async def test_keys_take_turns(make_keyed, hold):
    """Round robin: a key that submitted a hundred waits like the others."""
    keyed = make_keyed(hold.body, key=first_letter, limit=1)
    for item in ("a1", "a2", "a3", "a4", "b1", "b2", "c1"):
        keyed.submit_nowait(item)
    hold.open()
    await keyed.drain()

    assert hold.items == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


async def test_a_newcomer_goes_before_a_key_that_had_a_turn_since(make_keyed, hold):
    """Longest ago is who had none: also where its operation was submitted later."""
    keyed = make_keyed(hold.body, key=first_letter, limit=1)
    for item in ("a1", "a2", "b1"):
        keyed.submit_nowait(item)
    hold.open()
    await keyed.drain()

    assert hold.items == ["a1", "b1", "a2"]


async def test_a_key_that_runs_nothing_goes_before_one_that_does(make_keyed, make_hold):
    """A turn lasts as long as something of the key runs."""
    names = ("a1", "a2", "b1", "x1")
    holds = {name: make_hold() for name in names}
    keyed = make_keyed(lambda_body(holds), key=first_letter, limit=2, limit_per_key=2)
    for name in ("a1", "x1", "a2", "b1"):
        keyed.submit_nowait(name)
    await holds["x1"].aentered(1)

    holds["x1"].open()
    await holds["b1"].aentered(1)

    assert holds["a2"].items == []
    for one in holds.values():
        one.open()


async def test_nobody_waits_for_keys_that_came_after_its_last_turn(make_keyed):
    """A stream of new keys starves nobody."""
    order, streams = [], [f"n{number}" for number in range(20)]

    async def body(item):
        order.append(item)
        await asyncio.sleep(0)
        if streams:
            keyed.submit_nowait(streams.pop())

    keyed = make_keyed(
        body, key=lambda item: item[0] if item[0] == "a" else item, limit=1
    )
    for item in ("a1", "a2", "a3"):
        keyed.submit_nowait(item)
    await until(lambda: not streams)
    await keyed.drain()

    assert order.index("a2") <= 3
    assert order.index("a3") <= 6


async def test_a_key_runs_as_many_as_it_may(make_keyed, hold):
    """D20: both limits take effect, the total one and that of a key."""
    keyed = make_keyed(hold.body, key=first_letter, limit=3, limit_per_key=2)
    for item in ("a1", "a2", "a3", "b1", "b2"):
        keyed.submit_nowait(item)
    await hold.aentered(3)

    assert sorted(hold.items) == ["a1", "a2", "b1"]
    hold.open()
    await keyed.drain()
    assert hold.peak == 3


async def test_the_most_urgent_head_goes_next(make_keyed, hold):
    """D7: what comes later and is more urgent starts before all that waits."""
    keyed = make_keyed(
        hold.body,
        key=first_letter,
        limit=1,
        priority=lambda item: int(item[1]),
    )
    for item in ("r0", "a1", "b1", "c5", "d3"):
        keyed.submit_nowait(item)
    hold.open()
    await keyed.drain()

    assert hold.items == ["r0", "c5", "d3", "a1", "b1"]


async def test_priority_does_not_change_the_order_within_a_key(make_keyed, hold):
    """Order wins: an urgent item waits for its key's earlier ones."""
    keyed = make_keyed(
        hold.body, key=first_letter, limit=1, priority=lambda item: int(item[1])
    )
    for item in ("r0", "a1", "a9", "b5"):
        keyed.submit_nowait(item)
    hold.open()
    await keyed.drain()

    assert hold.items == ["r0", "b5", "a1", "a9"]


async def test_waiting_work_of_a_paused_coordinator_starts_at_resume(make_keyed, hold):
    """D6: nothing new need be submitted for it, and drain does not hang."""
    keyed = make_keyed(hold.body, key=first_letter, limit=2)
    keyed.pause()
    for item in ("a1", "b1", "c1"):
        keyed.submit_nowait(item)
    hold.open()
    draining = asyncio.create_task(keyed.drain())

    keyed.resume()
    await draining

    assert len(hold.items) == 3


async def test_a_retry_keeps_its_key(make_keyed, clock):
    """Order wins: the key's next operation waits for the attempts of the first."""
    order = []

    async def body(item):
        order.append(item)
        if item == "a1" and order.count("a1") < 3:
            raise ValueError

    keyed = make_keyed(
        body,
        key=first_letter,
        max_attempts=3,
        backoff=lambda *_: 10,
        clock=clock,
    )
    for item in ("a1", "a2", "b1"):
        keyed.submit_nowait(item)
    await clock.advance(20)
    await keyed.drain()

    assert order == ["a1", "b1", "a1", "a1", "a2"]


async def test_cancelling_a_retry_frees_its_key(make_keyed, clock):
    """The key's next operation starts at once."""

    async def body(item):
        if item == "a1":
            raise ValueError
        return item

    keyed = make_keyed(
        body, key=first_letter, max_attempts=2, backoff=lambda *_: 60, clock=clock
    )
    first, second = keyed.submit_nowait("a1"), keyed.submit_nowait("a2")
    await clock.advance(1)
    assert second.status is Status.READY

    first.cancel()

    assert await second == "a2"


async def test_nothing_is_kept_for_an_idle_key(make_keyed):
    """D18: a thousand keys that came and went leave no trace."""
    keyed = make_keyed(echo, capacity=10)
    for item in range(1000):
        await keyed.submit(item)
    await keyed.drain()

    assert keyed._scheduler._queue._lines == {}
    assert len(keyed._scheduler._queue._startable) <= 64


async def test_cancelled_heads_leave_no_trace_in_a_key_that_is_never_idle(
    make_keyed, hold
):
    """D18: what orders the keys does not grow with what was cancelled."""
    keyed = make_keyed(
        hold.body,
        key=lambda item: 1,
        limit=1,
        capacity=3000,
        priority=lambda item: item % 2,
    )
    for _ in range(2000):
        urgent, idle = keyed.submit_nowait(1), keyed.submit_nowait(0)
        keyed.submit_nowait(1)
        urgent.cancel()
        idle.cancel()
    await hold.aentered(1)

    assert len(keyed._scheduler._queue._startable) <= 128


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": lambda item: []}, "unhashable"),
        ({"key": lambda item: item.missing}, "missing"),
        ({"priority": lambda item: "high"}, "priority must return an int, got 'high'"),
    ],
    ids=["unhashable", "raises", "priority"],
)
async def test_a_failed_submission_leaves_nothing_behind(make_keyed, options, message):
    """D18: counters and keys are as before."""
    keyed = make_keyed(echo, **options)

    with pytest.raises((TypeError, AttributeError), match=message):
        keyed.submit_nowait("item")

    assert keyed.statistics().accepted == 0
    assert adds_up(keyed)
    assert keyed._scheduler._queue._lines == {}


async def test_key_and_its_limit_are_checked(make_keyed):
    """The argument, the rule and what came."""
    with pytest.raises(TypeError, match="key must be callable, got 'a'"):
        make_keyed(echo, key="a")
    with pytest.raises(ValueError, match="limit_per_key must be >= 1, got 0"):
        make_keyed(echo, limit_per_key=0)


async def test_a_snapshot_shows_the_key(make_keyed, hold):
    """As ``key`` gave it."""
    keyed = make_keyed(hold.body, key=first_letter)

    assert keyed.submit_nowait("a1").snapshot().key == "a"


async def urgent_order(make_keyed, hold, **options):
    """Submit to a busy key, more urgent ones later; return the order of the starts."""
    keyed = make_keyed(
        hold.body, key=first_letter, priority=lambda item: int(item[1]), **options
    )
    for item in ("a0 runs", "a0", "a1", "a2", "a1 later"):
        keyed.submit_nowait(item)
    await hold.aentered()
    hold.open()
    await keyed.drain()
    return hold.items[1:]


async def test_a_key_keeps_its_order_however_urgent(make_keyed, hold):
    """What of a key depends on what came before it may rely on it."""
    order = await urgent_order(make_keyed, hold)

    assert order == ["a0", "a1", "a2", "a1 later"]


async def test_a_key_may_let_its_most_urgent_go_first(make_keyed, hold):
    """Among equals the order stays."""
    order = await urgent_order(make_keyed, hold, urgent_first=True)

    assert order == ["a2", "a1", "a1 later", "a0"]


async def test_a_key_that_changes_its_mind_leaves_nothing_behind(make_keyed, hold):
    """Each change of a key's head makes an entry; dead ones are dropped."""
    keyed = make_keyed(
        hold.body,
        key=first_letter,
        priority=lambda item: int(item[1:]),
        urgent_first=True,
        limit=1,
    )
    keyed.submit_nowait("b0")
    keyed.submit_nowait("a0")
    for _ in range(500):
        keyed.submit_nowait("a1").cancel()

    assert max(sizes(keyed).values()) < 500
    hold.open()
