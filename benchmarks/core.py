"""P4: loops and coordinators of the core beside what people write by hand.

    python -m benchmarks.core [loop|coordinators|rate|memory] [--quick] [--json FILE]

Each body takes one turn of the loop. ``semaphore`` is what most people write: a task
for each item, made at once, each inside ``async with semaphore``. ``bounded`` is the
careful version, which takes the semaphore before it makes the task. ``aiojobs`` spawns
each into a scheduler with the same limit.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from benchmarks.measure import Compared, Cost, Figure, alternate, main, stopwatch
from ephemeral_tasks.core import (
    KeyedCoordinator,
    PriorityCoordinator,
    SignalHub,
    WorkCoordinator,
    for_each,
)

try:
    import aiojobs
except ImportError:  # a peer, not a dependency
    aiojobs = None

LIMIT = 100
KEYS = 1_000
LANES = ("now", "soon", "later")


async def one_turn(item: int) -> None:
    """Wait for one turn of the loop."""
    await asyncio.sleep(0)


async def by_semaphore(count: int) -> None:
    """Make all tasks at once; each waits for the semaphore."""
    semaphore = asyncio.Semaphore(LIMIT)

    async def run(item: int) -> None:
        async with semaphore:
            await one_turn(item)

    async with asyncio.TaskGroup() as group:
        for item in range(count):
            group.create_task(run(item))


async def by_bounded(count: int) -> None:
    """Take the semaphore, then make a task."""
    semaphore = asyncio.Semaphore(LIMIT)

    async def run(item: int) -> None:
        try:
            await one_turn(item)
        finally:
            semaphore.release()

    async with asyncio.TaskGroup() as group:
        for item in range(count):
            await semaphore.acquire()
            group.create_task(run(item))


async def by_aiojobs(count: int) -> None:
    """Spawn each into a scheduler."""
    async with aiojobs.Scheduler(limit=LIMIT, pending_limit=0) as scheduler:
        for item in range(count):
            await scheduler.spawn(one_turn(item))
        await scheduler.wait_and_close()


async def by_for_each(count: int) -> None:
    """Loop in parallel."""
    await for_each(range(count), one_turn, limit=LIMIT)


async def by_work(count: int) -> None:
    """Submit each to a WorkCoordinator."""
    async with WorkCoordinator(one_turn, limit=LIMIT) as work:
        for item in range(count):
            await work.submit(item)


async def by_keyed(count: int) -> None:
    """Submit each to a KeyedCoordinator, under a thousand keys."""
    async with KeyedCoordinator(one_turn, key=key_of, limit=LIMIT) as keyed:
        for item in range(count):
            await keyed.submit(item)


async def by_lanes(count: int) -> None:
    """Submit each to one of a PriorityCoordinator's three lanes."""
    async with PriorityCoordinator(
        one_turn, lanes=dict.fromkeys(LANES), lane=lane_of, limit=LIMIT
    ) as lanes:
        for item in range(count):
            await lanes.submit(item)


def lane_of(item: int) -> str:
    """Return one of three lanes."""
    return LANES[item % 3]


def key_of(item: int) -> int:
    """Return one of a thousand keys."""
    return item % KEYS


Way = Callable[[int], Coroutine[Any, Any, None]]


def cost_of(way: Way, count: int) -> Callable[[], Cost]:
    """Return what measures one item of a way."""

    def measure() -> Cost:
        gc.collect()

        async def run() -> Cost:
            with stopwatch() as watch:
                await way(count)
            return watch.cost

        return asyncio.run(run()) / count

    return measure


def compare(quick: bool, count: int, **ways: Way) -> Compared:
    """Measure the ways in alternating rounds; aiojobs gets fewer items."""
    count = 500 if quick else count
    if aiojobs is None:
        ways.pop("aiojobs", None)
    return alternate(
        1 if quick else 7,
        **{
            name: cost_of(way, count // 5 if name == "aiojobs" else count)
            for name, way in ways.items()
        },
    )


def figures_of(
    compared: Compared, ours: str, target: float, targets: Iterable[str]
) -> Iterator[Figure]:
    """Yield how many times as fast one of ours is as each of the others."""
    details = compared.microseconds()
    for other in ("semaphore", "bounded", "aiojobs"):
        if other in compared.costs:
            ratio = compared.ratio(other, ours)
            yield Figure(
                measure="P4",
                what=f"{ours} against {other}, items a second",
                value=ratio.wall,
                cpu=ratio.cpu,
                target=target if other in targets else None,
                is_floor=True,
                details={k: details[k] for k in (f"{ours} µs", f"{other} µs")},
            )


def loop(quick: bool) -> Iterator[Figure]:
    """50,000 bodies of one turn in for_each."""
    compared = compare(
        quick,
        50_000,
        for_each=by_for_each,
        semaphore=by_semaphore,
        bounded=by_bounded,
        aiojobs=by_aiojobs,
    )
    others = ("semaphore", "bounded", "aiojobs")
    yield from figures_of(compared, "for_each", 2.0, others)


def coordinators(quick: bool) -> Iterator[Figure]:
    """An operation through each coordinator: with an id, a history, a context."""
    compared = compare(
        quick,
        20_000,
        work=by_work,
        keyed=by_keyed,
        lanes=by_lanes,
        semaphore=by_semaphore,
        bounded=by_bounded,
        aiojobs=by_aiojobs,
    )
    for ours in ("work", "keyed"):
        yield from figures_of(compared, ours, 0.5, ("semaphore", "aiojobs"))
    ratio = compared.ratio("lanes", "work")
    yield Figure(
        measure="P4",
        what="an operation through lanes / through work",
        value=ratio.wall,
        cpu=ratio.cpu,
        target=1.2,
        details=compared.microseconds(),
    )


async def by_signals(count: int) -> None:
    """Emit each as a signal, to a listener that comes and goes."""
    hub = SignalHub()
    for item in range(count):
        end = hub.subscribe("item.*", id)
        hub.emit(f"item.{item}")
        end()


ALONE: dict[str, Way] = {
    "for_each": by_for_each,
    "work": by_work,
    "keyed": by_keyed,
    "lanes": by_lanes,
    "signals": by_signals,
}


def memory(quick: bool) -> Iterator[Figure]:
    """Growth of a process from ten thousand items to a million, at its peak."""
    few, many = (100, 1_000) if quick else (10_000, 1_000_000)
    for name in ("work", "signals") if quick else ALONE:
        small, large = peak(name, few), peak(name, many)
        yield Figure(
            measure="P4",
            what=f"{name}: growth of the peak from {few:,} to {many:,} items",
            value=large - small,
            target=2.0,
            unit="MiB",
            details={f"{few:,} MiB": small, f"{many:,} MiB": large},
        )


def peak(name: str, count: int) -> float:
    """Return the most memory that a process of its own had, in MiB."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        return processes.submit(run_alone, name, count).result()


def run_alone(name: str, count: int) -> float:
    """Run one way and return this process's peak, in MiB."""
    asyncio.run(ALONE[name](count))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def rate(quick: bool) -> Iterator[Figure]:
    """Starts at a rate, by the system's clock, beside the time they should take."""
    for per_second, most in ((100, 500), (1_000, 5_000)):
        count = most // 100 if quick else most
        seconds = asyncio.run(start_at(per_second, count))
        yield Figure(
            measure="P4",
            what=f"time of {count:,} starts at {per_second:,} a second / due time",
            value=seconds * per_second / (count - 1),
            target=1.01,
            details={"seconds": seconds},
        )


async def start_at(per_second: int, count: int) -> float:
    """Return the seconds from the first start to the last."""
    clock = asyncio.get_running_loop().time
    starts: list[float] = []

    async def body(item: int) -> None:
        starts.append(clock())

    async with WorkCoordinator(body, limit=LIMIT, rate=per_second) as work:
        for item in range(count):
            await work.submit(item)
    return starts[-1] - starts[0]


if __name__ == "__main__":
    main({"loop": loop, "coordinators": coordinators, "rate": rate, "memory": memory})
