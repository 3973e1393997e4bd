"""Batch calls a body with so many items, or after so long, and loses none."""

import asyncio
import gc
import weakref

import pytest

from ephemeral_tasks.core import Closed, QueueFull, SignalHub
from ephemeral_tasks.core.patterns import Batch


@pytest.fixture
async def make_batch(clock):
    """Make a batch of up to three items within ten seconds; end it."""
    made = []

    def make(body, **options):
        batch = Batch(body, **{"size": 3, "within": 10, "clock": clock, **options})
        made.append(batch)
        return batch

    yield make
    for batch in made:
        await batch.aclose()


@pytest.fixture
def sent():
    """The batches that went out."""
    return []


@pytest.fixture
def send(sent):
    """A body that notes its batch."""

    async def send(items):
        sent.append(items)

    return send


async def test_a_full_batch_goes_out_at_once(make_batch, send, sent, settle):
    """In the order in which the items were added."""
    batch = make_batch(send)
    for item in range(7):
        await batch.add(item)
    await settle(20)

    assert sent == [(0, 1, 2), (3, 4, 5)]
    assert len(batch) == 1


async def test_an_item_waits_no_longer_than_it_may(make_batch, send, sent, clock):
    """From when the first one was added, not the last."""
    batch = make_batch(send)
    await batch.add("a")
    await clock.advance(9)
    await batch.add("b")
    assert sent == []

    await clock.advance(1)
    assert sent == [("a", "b")]

    await batch.add("c")
    await clock.advance(9.9)
    assert len(sent) == 1
    await clock.advance(0.1)
    assert sent == [("a", "b"), ("c",)]


async def test_batches_do_not_overlap(make_batch, hold, settle):
    """D29: the next one waits for the slot; time that passes sends nothing beside."""
    batch = make_batch(hold.body, capacity=100)
    for item in range(9):
        await batch.add(item)
    await hold.aentered(1)
    await settle(20)
    assert hold.items == [(0, 1, 2)]

    hold.open()
    await batch.drain()

    assert hold.peak == 1
    assert hold.items == [(0, 1, 2), (3, 4, 5), (6, 7, 8)]


async def test_so_many_items_may_wait(make_batch, hold, settle):
    """D29: then ``add`` waits for a place, and ``add_nowait`` refuses."""
    batch = make_batch(hold.body, size=1, capacity=2)
    for item in range(4):  # one runs, one is on its way to the slot, two wait
        await batch.add(item)
        await settle()
    blocked = asyncio.create_task(batch.add(4))
    gone = asyncio.create_task(batch.add(5))
    await settle()

    with pytest.raises(QueueFull, match="2 items wait for a batch"):
        batch.add_nowait(6)
    gone.cancel()
    assert not blocked.done()
    hold.open()
    await blocked
    await settle(50)
    batch.add_nowait(7)
    await batch.drain()

    assert [item for (item,) in hold.items] == [0, 1, 2, 3, 4, 7]


async def test_a_cancelled_add_gives_its_place_to_the_next(make_batch, hold, settle):
    """Also when the place was given in this turn of the loop."""
    batch = make_batch(hold.body, size=1, capacity=1)
    for item in range(3):
        await batch.add(item)
        await settle()
    gone, stays = (asyncio.create_task(batch.add(item)) for item in "gs")
    await settle()
    batch._places.give(1)
    gone.cancel()
    await stays

    hold.open()
    await batch.drain()
    assert hold.items[-1] == ("s",)


async def test_drain_sends_what_waits(make_batch, send, sent):
    """Also an incomplete batch; then nothing is taken any more."""
    batch = make_batch(send)
    for item in range(4):
        await batch.add(item)
    await batch.drain()
    await batch.drain()

    assert sent == [(0, 1, 2), (3,)]
    with pytest.raises(Closed):
        await batch.add(4)
    with pytest.raises(Closed):
        batch.add_nowait(4)


async def test_a_block_that_ends_well_drains(clock, send, sent):
    """And one that fails cancels: its items are dropped."""
    async with Batch(send, size=3, clock=clock) as batch:
        await batch.add(1)

    async def fail():
        async with Batch(send, size=3, clock=clock) as batch:
            await batch.add(2)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert sent == [(1,)]


async def test_closing_ends_calls_that_wait(make_batch, hold, settle):
    """They get Closed, and their items are not sent."""
    batch = make_batch(hold.body, size=1, capacity=1)
    for item in range(3):
        await batch.add(item)
        await settle()
    blocked = asyncio.create_task(batch.add(3))
    await settle()

    closing = asyncio.create_task(batch.aclose())

    with pytest.raises(Closed):
        await blocked
    await closing
    assert hold.items == [(0,)]


async def test_a_batch_that_fails_is_tried_again(make_batch, clock):
    """As a whole, by the coordinator's own options; nothing goes out meanwhile."""
    calls = []

    async def body(items):
        calls.append(items)
        if len(calls) == 1:
            raise ConnectionError

    batch = make_batch(body, max_attempts=2, backoff=lambda *_: 5)
    for item in range(6):
        await batch.add(item)
    await clock.advance(4)
    assert calls == [(0, 1, 2)]
    await clock.advance(1)

    assert calls == [(0, 1, 2), (0, 1, 2), (3, 4, 5)]
    assert batch.statistics().successful == 2


async def test_signals_are_collected(make_batch, send, sent, clock):
    """``add_nowait`` is a listener."""
    hub = SignalHub(clock=clock)
    batch = make_batch(send)
    hub.subscribe("*", batch.add_nowait)
    hub.emit("a")
    hub.emit("b")
    await clock.advance(10)

    assert [[signal.name for signal in items] for items in sent] == [["a", "b"]]


async def test_items_that_went_out_are_gone(make_batch, settle):
    """D26: a quiet batch keeps none, without a collection."""

    class Content:
        pass

    async def body(items):
        pass

    batch = make_batch(body, size=1)
    content = Content()
    gone = weakref.ref(content)
    gc.collect()
    gc.disable()
    try:
        await batch.add(content)
        del content
        await settle(20)
        assert gone() is None
    finally:
        gc.enable()


async def test_an_error_on_the_way_out_is_raised_by_drain(clock):
    """Not by the body, which fails its own batch alone; nothing hangs."""

    def cost(items):
        raise ZeroDivisionError

    async def body(items):
        raise AssertionError("is not run")

    batch = Batch(body, size=1, rate=1, cost=cost, clock=clock)
    await batch.add(1)

    with pytest.raises(ZeroDivisionError):
        await batch.drain()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size must be >= 1, got 0"),
        ({"within": 0}, "within must be > 0 and finite, got 0"),
        ({"capacity": 0}, "capacity must be >= 1, got 0"),
        ({"limit": 0}, "limit must be >= 1, got 0"),
    ],
    ids=str,
)
async def test_bounds_are_checked(send, options, message):
    """The argument, the rule and what came."""
    with pytest.raises(ValueError, match=message):
        Batch(send, **options)
