"""for_each runs a body for each item and tells how they ended."""

import asyncio
import contextvars
import gc
import weakref

import pytest

from ephemeral_tasks.core import (
    SignalHub,
    WorkCoordinator,
    current_operation,
    for_each,
    progress,
)
from tests.core.bodies import echo, fail

# The two ways a loop may go: a few tasks that share the source, and a coordinator.
WAYS = [{}, {"timeout": 60}, {"key": lambda item: item}]
each_way = pytest.mark.parametrize("options", WAYS, ids=["shared", "timed", "keyed"])


async def stream(items):
    """The items from an async generator."""
    for item in items:
        yield item


def counting(items, read):
    """The items, each noted when it is read."""
    for item in items:
        read.append(item)
        yield item


async def start(hold, items, **options):
    """Start a loop in a task and return it."""
    return asyncio.create_task(for_each(items, hold.body, **options))


@each_way
@pytest.mark.parametrize("source", [list, stream], ids=["sync", "async"])
async def test_each_item_is_run_once(options, source):
    """The items of a source of either kind, in its order."""
    seen = []

    async def body(item):
        seen.append(item)

    summary = await for_each(source(range(500)), body, limit=1, **options)

    assert seen == list(range(500))
    assert (summary.successful, summary.failed, summary.cancelled) == (500, 0, 0)


@each_way
async def test_never_more_than_the_limit_run(options, hold):
    """And as many as may, soon."""
    loop = await start(hold, range(50), limit=7, **options)
    await hold.aentered(7)
    hold.open()
    await loop

    assert hold.peak == 7
    assert len(hold.items) == 50


@each_way
async def test_failures_are_collected_and_never_raised(options):
    """The newest so many, with their places in the source."""

    async def body(item):
        if item % 2:
            raise ValueError(item)

    summary = await for_each(range(10), body, limit=1, history=2, **options)

    assert (summary.successful, summary.failed) == (5, 5)
    assert [(f.index, str(f.error)) for f in summary.failures] == [(7, "7"), (9, "9")]


@each_way
async def test_a_failure_shows_where_the_body_raised(options):
    """Its traceback begins in the body: no frame of ours keeps the loop alive."""
    summary = await for_each(["why"], fail, limit=1, **options)

    (failure,) = summary.failures
    assert failure.error.__traceback__.tb_frame.f_code.co_name == "fail"


@each_way
async def test_a_body_that_cancels_itself_counts_as_cancelled(options):
    """The loop goes on."""

    async def body(item):
        if item == 1:
            raise asyncio.CancelledError

    summary = await for_each(range(3), body, limit=1, **options)

    assert (summary.successful, summary.cancelled) == (2, 1)


@each_way
async def test_cancelling_the_caller_cancels_all_and_waits(options, stubborn):
    """D19: when the caller has ended, no body runs; however often it is cancelled."""
    loop = asyncio.create_task(for_each(range(9), stubborn.body, limit=1, **options))
    await stubborn.aentered()
    for _ in range(3):
        loop.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not loop.done()

    stubborn.open()
    with pytest.raises(asyncio.CancelledError):
        await loop
    assert stubborn.cancels == 1


@each_way
async def test_the_source_is_read_as_its_items_are_run(options, hold, settle):
    """Lazily: without keys nothing is read ahead but one item."""
    read = []
    loop = await start(hold, counting(range(100), read), limit=3, **options)
    await hold.aentered(3)
    await settle()
    ahead = 100 if "key" in options else 4
    assert len(read) <= ahead

    hold.open()
    await loop
    assert len(read) == 100


@each_way
@pytest.mark.parametrize("kind", [list, stream], ids=["sync", "async"])
async def test_a_sources_error_comes_out_after_the_work(options, kind, hold, settle):
    """The bodies of the items before it end as ever."""

    def source():
        yield 1
        yield 2
        raise KeyError("source")

    items = source() if kind is list else stream(source())
    loop = await start(hold, items, limit=4, **options)
    await hold.aentered(2)
    await settle()
    assert not loop.done()
    hold.open()

    with pytest.raises(KeyError, match="source"):
        await loop
    assert hold.running == 0


@each_way
async def test_an_async_source_is_closed_when_it_is_left(options, hold):
    """Its own clean-up has run when the caller has ended."""
    ended = []

    async def source():
        try:
            for item in range(100):
                yield item
        finally:
            ended.append(True)

    loop = await start(hold, source(), limit=2, **options)
    await hold.aentered(2)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop

    assert ended == [True]


@each_way
async def test_a_slow_source_holds_up_no_body(options):
    """An item that came is run while the next one is waited for."""
    gate, seen = asyncio.Event(), asyncio.Event()

    async def source():
        yield 1
        await gate.wait()
        yield 2

    async def body(item):
        seen.set()

    loop = asyncio.create_task(for_each(source(), body, limit=4, **options))
    await seen.wait()
    gate.set()

    assert (await loop).successful == 2


@each_way
@pytest.mark.parametrize("source", [list, stream], ids=["sync", "async"])
@pytest.mark.parametrize("limit", [1, 100, 1000])
async def test_the_loop_has_its_turn(options, source, limit):
    """At least every hundred items, although no body ever waits."""
    beats = 0

    async def beat():
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0)

    beating = asyncio.create_task(beat())
    items = 500 if options else 5000
    await for_each(source(range(items)), echo, limit=limit, **options)
    beating.cancel()

    assert beats >= items / 100


async def test_the_loop_has_its_turn_when_bodies_cease_to_wait():
    """Many tasks that waited do not all run their hundred in one turn."""
    longest = streak = 0

    async def beat():
        nonlocal streak
        while True:
            streak = 0
            await asyncio.sleep(0)

    async def body(item):
        nonlocal longest, streak
        if item < 400:
            await asyncio.sleep(0)
        else:
            streak += 1
            longest = max(longest, streak)

    beating = asyncio.create_task(beat())
    await for_each(range(20_000), body, limit=200)
    beating.cancel()

    assert longest <= 100


async def test_keys_run_in_order_and_in_turns(hold):
    """D3: a busy key holds up no other."""
    items = ["a1", "a2", "b1", "a3"]
    loop = await start(hold, items, limit=2, key=lambda item: item[0])
    await hold.aentered(2)
    assert hold.items == ["a1", "b1"]

    hold.open()
    assert (await loop).successful == 4


async def test_attempts_and_delays_are_those_of_coordinators(clock):
    """``backoff``, ``retry_on``, ``max_attempts``; a failure is the last attempt's."""

    async def body(item):
        raise ValueError(current_operation().attempt)

    loop = asyncio.create_task(
        for_each(
            ["item"],
            body,
            limit=1,
            max_attempts=3,
            backoff=lambda attempt, error: 10,
            clock=clock,
        )
    )
    await clock.advance(20)
    summary = await loop

    assert [str(failure.error) for failure in summary.failures] == ["3"]


async def test_waiting_retries_bound_what_is_read(clock):
    """While as many wait for another attempt as may run, no more are read."""
    read = []
    loop = asyncio.create_task(
        for_each(
            counting(range(100), read),
            fail,
            limit=3,
            max_attempts=2,
            backoff=lambda *_: 60,
            clock=clock,
        )
    )
    await clock.advance(1)
    assert len(read) <= 4

    await clock.advance(60 * 100)
    assert (await loop).failed == 100


async def test_a_time_out_is_a_failure(hold, clock):
    """Of each attempt that takes too long."""
    loop = await start(hold, [1], limit=1, timeout=5, clock=clock)
    await clock.advance(5)

    (failure,) = (await loop).failures
    assert isinstance(failure.error, TimeoutError)


async def test_bodies_share_their_tasks_context():
    """As the turns of a plain loop do; nothing comes out of it."""
    variable = contextvars.ContextVar("variable", default=0)
    seen = []

    async def body(item):
        seen.append(variable.get())
        variable.set(item)

    await for_each([1, 2, 3], body, limit=1)

    assert seen == [0, 1, 2]
    assert variable.get() == 0


@each_way
async def test_a_body_has_an_operation_of_its_own(options):
    """An id of its own, stable while it runs."""
    seen = []

    async def body(item):
        here = current_operation()
        assert here.id == here.id
        seen.append((here.id, here.attempt, here.key, here.is_cancelled))

    await for_each(range(3), body, limit=1, **options)

    assert len({id for id, *_ in seen}) == 3
    assert {attempt for _, attempt, *_ in seen} == {1}
    keys = [0, 1, 2] if "key" in options else [None] * 3
    assert [key for _, _, key, _ in seen] == keys


@each_way
async def test_a_body_can_ask_whether_it_should_end(options, hold):
    """True once the caller was cancelled."""
    seen = []

    async def body(item):
        try:
            await hold.body(item)
        finally:
            seen.append(current_operation().is_cancelled)

    loop = asyncio.create_task(for_each([1], body, limit=1, **options))
    await hold.aentered(1)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop

    assert seen == [True]


@each_way
async def test_progress_goes_to_the_operation_that_runs_the_loop(options, build):
    """A loop has no snapshots; outside an operation progress is nothing."""

    async def inner(item):
        progress(item, 3)

    async def outer(item):
        await for_each([1, 2, 3], inner, limit=1, **options)

    await outer("outside")
    operation = build(WorkCoordinator, outer).submit_nowait("inside")
    await operation

    assert operation.snapshot().progress == (3, 3, "")


async def test_an_error_that_is_no_exception_ends_the_loop(hold):
    """It is raised once the other bodies were cancelled and have ended."""

    class Stop(BaseException):
        pass

    async def body(item):
        if item == 3:
            raise Stop
        await hold.body(item)

    with pytest.raises(Stop):
        await for_each(range(9), body, limit=4)
    assert hold.running == 0


async def test_a_source_that_ends_cancelled_cancels_the_loop():
    """It is no ordinary end."""

    async def source():
        yield 1
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await for_each(source(), echo, limit=2)


@each_way
async def test_nothing_is_kept_of_items(options):
    """D19: they are gone at once, without a collection."""

    class Content:
        def __hash__(self):
            return 1

    dying = []

    def source():
        for _ in range(20):
            item = Content()
            dying.append(weakref.ref(item))
            yield item
            del item

    if "key" in options:
        options = {"key": lambda item: 1}
    gc.collect()
    gc.disable()
    try:
        await for_each(source(), one_turn, limit=3, **options)
        await asyncio.sleep(0)
        assert [reference() for reference in dying] == [None] * 20
    finally:
        gc.enable()


async def one_turn(item):
    """Wait for one turn and keep nothing."""
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"limit": 0}, ValueError, "limit must be >= 1, got 0"),
        ({"limit": 1, "history": -1}, ValueError, "history must be >= 0, got -1"),
        ({"limit": 1, "limit_per_key": 0}, ValueError, "limit_per_key must be >= 1"),
        ({"limit": 1, "max_attempts": 0}, ValueError, "max_attempts must be >= 1"),
        ({"limit": 1, "timeout": -1}, ValueError, "timeout must be > 0, got -1"),
        ({"limit": "2"}, TypeError, "limit must be an int, got '2'"),
    ],
    ids=str,
)
async def test_a_bound_out_of_range_is_refused(options, error, message):
    """The argument, the rule and what came."""
    with pytest.raises(error, match=message):
        await for_each([1], echo, **options)


async def test_a_body_must_be_a_coroutine_function():
    """A plain function would block the loop."""
    with pytest.raises(TypeError, match="body must be a coroutine function"):
        await for_each([1], print, limit=1)


@each_way
async def test_items_must_be_iterable(options):
    """Python's own words."""
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        await for_each(3, echo, limit=1, **options)


@each_way
async def test_signals_of_a_loops_bodies_go_to_the_operation_around_it(
    make_work, options
):
    """To its coordinator's hub; without one around the loop they are nothing."""
    hub = SignalHub()

    async def emit(item):
        current_operation().emit("seen", item)

    async def loop(item):
        return await for_each(range(3), emit, limit=1, **options)

    await make_work(loop, hub=hub).submit_nowait(1)
    summary = await loop(1)

    assert [signal.key for signal in hub.recent("seen")] == [0, 1, 2]
    assert summary.successful == 3


@each_way
async def test_a_loop_stops_after_so_many_failures(options):
    """D29: no more items are read, and the bodies that run are cancelled."""
    read, ended = [], []

    async def body(item):
        if item < 3:
            raise ValueError(item)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(item)

    summary = await for_each(
        counting(range(1000), read), body, limit=6, stop_after=3, **options
    )

    assert summary.is_stopped
    assert summary.failed == 3
    assert summary.cancelled >= len(ended)
    assert [failure.index for failure in summary.failures] == [0, 1, 2]
    assert len(read) < 20 or "key" in options  # which reads ahead


@each_way
async def test_items_that_were_never_run_are_not_counted(options):
    """A key's loop reads ahead; a cancellation ends the bodies that had begun."""
    begun = []

    async def body(item):
        begun.append(item)
        if len(begun) == 4:
            raise ValueError(item)
        await asyncio.Event().wait()

    summary = await for_each(range(100), body, limit=4, stop_after=1, **options)

    assert (summary.successful, summary.failed, summary.cancelled) == (0, 1, 3)
    assert len(begun) == 4


@each_way
async def test_fewer_failures_stop_no_loop(options):
    """All items are run."""

    async def body(item):
        if item % 50 == 0:
            raise ValueError(item)

    summary = await for_each(range(100), body, limit=4, stop_after=3, **options)

    assert (summary.successful, summary.failed) == (98, 2)
    assert not summary.is_stopped


@each_way
@pytest.mark.parametrize("keep_items", [True, False])
async def test_a_failure_carries_its_item_when_asked(options, keep_items):
    """Otherwise it keeps the index alone, and the item can go."""
    summary = await for_each("ab", fail, limit=1, keep_items=keep_items, **options)

    items = [(failure.index, failure.item) for failure in summary.failures]
    assert items == ([(0, "a"), (1, "b")] if keep_items else [(0, None), (1, None)])


async def test_a_loop_keeps_a_rate(clock):
    """Each start counts, by its cost; the source is read no faster."""
    began, starts, read = clock.monotonic(), [], []

    async def body(item):
        starts.append(clock.monotonic() - began)

    loop = asyncio.create_task(
        for_each(
            counting(range(5), read),
            body,
            limit=10,
            rate=2,
            cost=lambda item: 1 + (item == 2),
            clock=clock,
        )
    )
    await clock.advance(0.5)
    assert len(read) == 3

    await clock.advance(10)

    assert (await loop).successful == 5
    assert starts == [0, 0.5, 1, 2, 2.5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stop_after": 0}, "stop_after must be >= 1, got 0"),
        ({"burst": 2}, "burst and cost need a rate"),
    ],
    ids=str,
)
async def test_new_arguments_of_a_loop_are_checked(options, message):
    """The argument, the rule and what came."""
    with pytest.raises(ValueError, match=message):
        await for_each([1], echo, limit=1, **options)
