"""The core beside what else runs coroutines under a limit or at a rate.

    python -m benchmarks.peers [limits|rates] [--quick] [--json FILE]

The same items, bodies and bounds for each. A peer that is not installed is left out:
``pip install aiojobs aiolimiter aiometer anyio trio``. None of them does what the
others do; docs/core.md says what each is better for.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from benchmarks.core import (
    LIMIT,
    by_aiojobs,
    by_bounded,
    by_for_each,
    by_keyed,
    by_lanes,
    by_semaphore,
    by_work,
    one_turn,
)
from benchmarks.measure import Cost, Figure, alternate, main, stopwatch
from ephemeral_tasks.core import map_each

Run = Callable[[Callable[..., Awaitable[None]], int], None]
"""Runs a coroutine function on a loop of its kind."""


async def by_map_each(count: int) -> None:
    """Take each result in order."""
    async for _ in map_each(range(count), one_turn, limit=LIMIT):
        pass


async def by_anyio(count: int) -> None:
    """Make all tasks at once; each waits for the limiter."""
    anyio: Any = import_module("anyio")
    limiter = anyio.CapacityLimiter(LIMIT)

    async def run(item: int) -> None:
        async with limiter:
            await one_turn(item)

    async with anyio.create_task_group() as group:
        for item in range(count):
            group.start_soon(run, item)


async def by_anyio_amap(count: int) -> None:
    """Make all tasks at once; it knows no limit."""
    anyio: Any = import_module("anyio")
    await anyio.amap(one_turn, range(count))


async def by_aiometer(count: int) -> None:
    """Run on each, at most so many at once."""
    aiometer: Any = import_module("aiometer")
    await aiometer.run_on_each(one_turn, [*range(count)], max_at_once=LIMIT)


async def by_trio(count: int) -> None:
    """Make all tasks at once; each waits for the limiter. On trio's own loop."""
    trio: Any = import_module("trio")
    limiter = trio.CapacityLimiter(LIMIT)

    async def run(item: int) -> None:
        async with limiter:
            await trio.sleep(0)

    async with trio.open_nursery() as nursery:
        for item in range(count):
            nursery.start_soon(run, item)


Way = Callable[[int], Awaitable[None]]

WAYS: dict[str, tuple[str, Way]] = {
    "for_each": ("asyncio", by_for_each),
    "map_each": ("asyncio", by_map_each),
    "WorkCoordinator": ("asyncio", by_work),
    "KeyedCoordinator": ("asyncio", by_keyed),
    "PriorityCoordinator": ("asyncio", by_lanes),
    "TaskGroup, Semaphore": ("asyncio", by_semaphore),
    "Semaphore, then TaskGroup": ("asyncio", by_bounded),
    "anyio, CapacityLimiter": ("anyio", by_anyio),
    "anyio.amap, no limit": ("anyio", by_anyio_amap),
    "aiojobs": ("aiojobs", by_aiojobs),
    "aiometer": ("aiometer", by_aiometer),
    "trio, CapacityLimiter": ("trio", by_trio),
}
"""What each needs, and how it runs so many items."""


def limits(quick: bool) -> Iterator[Figure]:
    """An item of one turn, a hundred at once, with each."""
    count = 100 if quick else 10_000
    ways = {name: way for name, way in WAYS.items() if find_spec(way[0])}
    compared = alternate(
        1 if quick else 7,
        **{name: cost_of(*way, count) for name, way in ways.items()},
    )
    for name in ways:
        ratio = compared.ratio(name, "TaskGroup, Semaphore")
        microseconds = compared.microseconds()[f"{name} µs"]
        yield Figure(
            measure="peers",
            what=f"{name} / TaskGroup, Semaphore",
            value=ratio.wall,
            cpu=ratio.cpu,
            details={"µs an item": microseconds},
        )


def cost_of(needs: str, way: Way, count: int) -> Callable[[], Cost]:
    """Return what measures one item of a way."""

    async def run() -> Cost:
        with stopwatch() as watch:
            await way(count)
        return watch.cost / count

    def measure() -> Cost:
        gc.collect()
        if needs == "trio":
            trio: Any = import_module("trio")
            cost: Cost = trio.run(run)
            return cost
        return asyncio.run(run())

    return measure


# -- rates -----------------------------------------------------------------------------


async def rate_of_work(count: int, per_second: int, body: Any) -> None:
    """A WorkCoordinator's rate."""
    from ephemeral_tasks.core import WorkCoordinator

    async with WorkCoordinator(body, limit=LIMIT, rate=per_second) as work:
        for item in range(count):
            await work.submit(item)


async def rate_of_aiolimiter(count: int, per_second: int, body: Any) -> None:
    """A limiter around each start, one start at once as ours."""
    aiolimiter: Any = import_module("aiolimiter")
    limiter = aiolimiter.AsyncLimiter(1, 1 / per_second)
    async with asyncio.TaskGroup() as group:
        for item in range(count):
            await limiter.acquire()
            group.create_task(body(item))


async def rate_of_aiometer(count: int, per_second: int, body: Any) -> None:
    """Run on each, so many a second."""
    aiometer: Any = import_module("aiometer")
    await aiometer.run_on_each(
        body, [*range(count)], max_at_once=LIMIT, max_per_second=per_second
    )


RATES: dict[str, tuple[str, Callable[[int, int, Any], Awaitable[None]]]] = {
    "WorkCoordinator": ("asyncio", rate_of_work),
    "aiolimiter": ("aiolimiter", rate_of_aiolimiter),
    "aiometer": ("aiometer", rate_of_aiometer),
}


def rates(quick: bool) -> Iterator[Figure]:
    """The time of so many starts beside the time that they should take."""
    for per_second, count in ((50, 150), (1_000, 3_000)):
        for name, (needs, way) in RATES.items():
            if find_spec(needs):
                number = 5 if quick else count
                seconds = asyncio.run(spread(way, number, per_second))
                yield Figure(
                    measure="peers",
                    what=f"{name}: time of {number:,} starts at {per_second:,} a second"
                    " / due time",
                    value=seconds * per_second / (number - 1),
                    details={"seconds": seconds},
                )


async def spread(way: Any, count: int, per_second: int) -> float:
    """Return the seconds from the first start to the last."""
    clock = asyncio.get_running_loop().time
    starts: list[float] = []

    async def body(item: int) -> None:
        starts.append(clock())

    await way(count, per_second, body)
    return starts[-1] - starts[0]


if __name__ == "__main__":
    main({"limits": limits, "rates": rates})
