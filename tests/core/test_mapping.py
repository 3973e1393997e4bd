"""map_each yields results as they come, or in order."""

import asyncio
import gc
from contextlib import aclosing

import pytest

from ephemeral_tasks.core import (
    OperationCancelled,
    WorkCoordinator,
    current_operation,
    map_each,
    progress,
)
from tests.core.bodies import echo, fail, lambda_body
from tests.core.test_loops import counting, stream

both_orders = pytest.mark.parametrize(
    "ordered", [True, False], ids=["in order", "as ready"]
)


@both_orders
@pytest.mark.parametrize("source", [list, stream], ids=["sync", "async"])
async def test_each_result_comes_once(ordered, source):
    """Of a source of either kind."""
    results = map_each(source(range(50)), echo, limit=5, ordered=ordered)

    assert sorted([value async for value in results]) == list(range(50))


async def test_results_come_in_the_order_of_the_items(make_hold):
    """Whatever ends first."""
    holds = [make_hold() for _ in range(3)]
    results = map_each(range(3), lambda_body(holds), limit=3)
    first = asyncio.ensure_future(anext(results))
    await holds[2].aentered(1)
    for one in reversed(holds):
        one.open()

    assert [await first] + [value async for value in results] == [0, 1, 2]


async def test_results_come_as_they_are_ready(make_hold):
    """With ``ordered=False``."""
    holds = [make_hold() for _ in range(3)]
    results = map_each(range(3), lambda_body(holds), limit=3, ordered=False)
    seen = []
    for index in (2, 0, 1):
        coming = asyncio.ensure_future(anext(results))
        await holds[index].aentered(1)
        holds[index].open()
        seen.append(await coming)

    assert seen == [2, 0, 1]
    await results.aclose()


@both_orders
async def test_never_more_than_the_limit_run(ordered, hold):
    """And as many as may."""
    results = map_each(range(20), hold.body, limit=4, ordered=ordered)
    first = asyncio.ensure_future(anext(results))
    await hold.aentered(4)
    hold.open()
    await first
    async for _ in results:
        pass

    assert hold.peak == 4


@both_orders
async def test_a_slow_taker_slows_the_source(ordered, settle):
    """At most ``limit`` items are running or not taken yet."""
    read = []
    results = map_each(counting(range(100), read), echo, limit=3, ordered=ordered)
    taken = 0
    async for _ in results:
        taken += 1
        await settle()
        assert len(read) <= taken + 3 + 1


@both_orders
async def test_the_first_error_is_raised_and_the_rest_cancelled(ordered, hold):
    """When it comes out, no body runs any more."""

    async def body(item):
        if item == 2:
            await hold.aentered(2)
            raise ValueError("why")
        await hold.body(item)

    results = map_each([2, 0, 1], body, limit=3, ordered=ordered)

    with pytest.raises(ValueError, match="why"):
        await anext(results)
    assert hold.running == 0


@both_orders
async def test_errors_may_come_in_place_of_results(ordered):
    """With ``return_exceptions``; OperationCancelled where a body cancelled itself."""

    async def body(item):
        if item == 1:
            raise ValueError
        if item == 2:
            raise asyncio.CancelledError
        return item

    results = map_each(range(4), body, limit=1, ordered=ordered, return_exceptions=True)

    kinds = [type(value) async for value in results]
    assert kinds == [int, ValueError, OperationCancelled, int]


async def test_a_sources_error_comes_after_the_results():
    """Those of the items before it."""

    def source():
        yield 1
        yield 2
        raise KeyError("source")

    seen = []

    async def take():
        async for value in map_each(source(), echo, limit=4):
            seen.append(value)  # noqa: PERF401  # the error comes in between

    with pytest.raises(KeyError, match="source"):
        await take()
    assert seen == [1, 2]


async def test_leaving_the_iteration_ends_the_bodies(hold):
    """At once inside ``aclosing``."""

    async def body(item):
        return item if item == 0 else await hold.body(item)

    async with aclosing(map_each(range(9), body, limit=3)) as results:
        async for value in results:
            assert value == 0
            await hold.aentered(2)
            break

    assert hold.running == 0


async def test_dropping_the_iteration_ends_the_bodies_soon(hold, settle):
    """Python closes an async generator that nobody holds."""

    async def body(item):
        return item if item == 0 else await hold.body(item)

    async for _ in map_each(range(9), body, limit=3):
        await hold.aentered(2)
        break
    gc.collect()
    await settle(20)

    assert hold.running == 0


async def test_cancelling_the_taker_ends_the_bodies(hold):
    """And waits for them."""

    async def take():
        async for _ in map_each(range(9), hold.body, limit=3):
            pass

    taking = asyncio.create_task(take())
    await hold.aentered(3)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking

    assert hold.running == 0


async def test_a_slow_source_holds_up_no_result():
    """What is ready is yielded while the next item is waited for."""
    gate = asyncio.Event()

    async def source():
        yield 1
        await gate.wait()
        yield 2

    results = map_each(source(), echo, limit=4)

    assert await anext(results) == 1
    gate.set()
    assert await anext(results) == 2
    await results.aclose()


async def test_bodies_have_operations_and_report_to_the_outer_one(build):
    """As in every loop."""

    async def inner(item):
        progress(item, 3)
        return current_operation().id

    async def outer(item):
        return {id async for id in map_each([1, 2, 3], inner, limit=1)}

    operation = build(WorkCoordinator, outer).submit_nowait(None)

    assert len(await operation) == 3
    assert operation.snapshot().progress == (3, 3, "")


async def test_arguments_are_checked_at_the_call():
    """Not at the first result."""
    with pytest.raises(TypeError, match="body must be a coroutine function"):
        map_each([1], print, limit=1)
    with pytest.raises(ValueError, match="limit must be >= 1, got 0"):
        map_each([1], fail, limit=0)
