"""P11: what a write costs its body, with and without readers.

    python -m benchmarks.output [write|streams] [--quick] [--json FILE]

The floor is a list's ``append`` of the same texts. What a socket adds needs a server.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from statistics import median, quantiles

from benchmarks.measure import Cost, Figure, alternate, main, stopwatch
from benchmarks.pool import configure, owner

_TURN = 100  # writes after which an async body gives the loop its turn


def writing(is_quick: bool) -> Iterator[Figure]:
    """P11: one write of a short text, in both kinds of bodies."""
    count, rounds = (1_000, 1) if is_quick else (100_000, 5)
    for readers in (0, 10) if is_quick else (0, 1, 1_000):
        compared = alternate(
            rounds,
            async_body=lambda n=readers: _written(count, n, is_async=True),
            plain_body=lambda n=readers: _written(count, n, is_async=False),
            append=lambda: _appended(count),
        )
        for name in ("async_body", "plain_body"):
            costs = compared.costs[name]
            yield Figure(
                measure="P11",
                what=f"write() of a short text, {name.replace('_', ' ')}, "
                f"{readers:,} readers",
                value=1e6 * median(cost.wall for cost in costs),
                cpu=1e6 * median(cost.cpu for cost in costs),
                unit="µs",
                target=2.0,
                details=compared.microseconds(),
            )


def _appended(count: int) -> Cost:
    pieces: list[str] = []
    with stopwatch() as watch:
        for _ in range(count):
            pieces.append("word ")  # noqa: PERF401  # a call each is what is compared
    return watch.cost / count


def _written(count: int, readers: int, *, is_async: bool) -> Cost:
    """Return what one write takes its body while so many readers follow."""
    from benchmarks.bodies import write_plain, write_words
    from ephemeral_tasks import pool, result, submit

    pool.reset()
    body = write_words if is_async else write_plain
    begin = threading.Event()
    handle = submit(owner(1), body, count, _TURN, begin)
    followers = _in_thread(lambda: _follow_each(handle.id, readers))
    begin.set()
    followers.join()
    until_finished(owner(1), handle.id)
    cost: Cost = result(owner(1), handle.id)
    return cost / count


def _in_thread(make: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=make)
    thread.start()
    return thread


def _follow_each(id: str, readers: int) -> None:
    async def follow_all() -> None:
        await asyncio.gather(*[_follow(owner(1), id) for _ in range(readers)])

    asyncio.run(follow_all())


async def _follow(key: str, id: str) -> list[str]:
    from ephemeral_tasks import aoutput

    pieces, seen = [], await aoutput(key, id)
    while seen.text or not seen.is_finished:
        pieces.append(seen.text)
        seen = await aoutput(key, id, seen.end, seen.attempt)
    return pieces


def until_finished(key: str, id: str) -> None:
    """Wait until an operation has ended."""
    from ephemeral_tasks import aresult

    asyncio.run(aresult(key, id, 120.0))


def streams(is_quick: bool) -> Iterator[Figure]:
    """P11: from a write to a reader of this process, many outputs at once."""
    count, words = (5, 5) if is_quick else (100, 100)
    delays = sorted(asyncio.run(_delays(count, words)))
    yield Figure(
        measure="P11",
        what=f"write to a reader of the same process, {count} outputs at once, p50",
        value=1e3 * median(delays),
        unit="ms",
        target=100.0,
        details={"p99 ms": 1e3 * quantiles(delays, n=100)[-1]},
    )


async def _delays(count: int, words: int) -> list[float]:
    """Return how old each text was when it was read, in seconds."""
    from benchmarks.bodies import write_instants
    from ephemeral_tasks import aoutput, submit

    async def read(key: str) -> list[float]:
        handle, found = submit(key, write_instants, words), []
        seen = await aoutput(key, handle.id)
        while seen.text or not seen.is_finished:
            now = time.perf_counter()
            found += [now - float(instant) for instant in seen.text.split()]
            seen = await aoutput(key, handle.id, seen.end, seen.attempt)
        return found

    each = await asyncio.gather(*[read(owner(number)) for number in range(count)])
    return [delay for found in each for delay in found]


if __name__ == "__main__":
    configure(MAX_RUNNING=100)
    main({"write": writing, "streams": streams})
