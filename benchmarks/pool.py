"""The pool against the thinnest thing that could work: P1 to P3 and P7 to P10."""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import os
import random
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import django
from django.conf import settings

from benchmarks.measure import Cost, Figure, alternate, main, stopwatch

_PATIENCE_SECONDS = 120.0
_KIBIBYTE = 1024


def configure(**changes: object) -> None:
    """Set Django up, with bounds that no burst here reaches."""
    bounds = {"MAX_WAITING": 50_000, "MAX_OWNERS": 200_000}
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "ephemeral_tasks",
        ],
        USE_TZ=True,
        SECRET_KEY="not a secret: the benchmarks' own",
        EPHEMERAL_TASKS={**bounds, **changes},
    )
    django.setup()


def owner(number: int) -> str:
    """Return an owner's key: a text of its own, as each request brings it."""
    return f"{number:032x}"


def until_idle() -> None:
    """Wait until the pool has nothing left to do."""
    from ephemeral_tasks import pool

    until(lambda: not (pool.statistics().running or pool.statistics().waiting), 0.001)


def until(is_so: Callable[[], bool], pause: float) -> None:
    """Look until something is so, not for ever."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"not so after {_PATIENCE_SECONDS} s")
        time.sleep(pause)


@contextmanager
def bare_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Turn a loop in a thread: the floor."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


# -- P1 --------------------------------------------------------------------------------


def submission(is_quick: bool) -> Iterator[Figure]:
    """P1: what a submission costs its caller, in a burst and to a pool at rest."""
    count, rounds = (20, 1) if is_quick else (500, 15)
    with bare_loop() as loop:
        for size, what in ((count, f"bursts of {count}"), (1, "one at a time")):
            times = count // size
            compared = alternate(
                rounds,
                ours=lambda size=size, times=times: _submissions(size, times),
                floor=lambda size=size, times=times: _bare(loop, size, times),
            )
            ratio = compared.ratio("ours", "floor")
            yield Figure(
                measure="P1",
                what=f"submit() with its window, {what} / run_coroutine_threadsafe",
                value=ratio.wall,
                cpu=ratio.cpu,
                target=1.5,
                details=compared.microseconds(),
            )


def _submissions(size: int, times: int) -> Cost:
    """Return a submission's cost; each owner's window is full after a few rounds."""
    from benchmarks.bodies import noop
    from ephemeral_tasks import submit

    costs = []
    for time_ in range(times):
        owners = [owner(size * time_ + number) for number in range(size)]
        with stopwatch() as watch:
            for one in owners:
                submit(one, noop)
        until_idle()
        costs.append(watch.cost)
    return _mean(costs, size)


def _bare(loop: asyncio.AbstractEventLoop, size: int, times: int) -> Cost:
    from benchmarks.bodies import nothing

    costs = []
    for _ in range(times):
        with stopwatch() as watch:
            for _ in range(size):
                future = asyncio.run_coroutine_threadsafe(nothing(), loop)
        future.result()
        time.sleep(0.001)  # as the other waits
        costs.append(watch.cost)
    return _mean(costs, size)


def _mean(costs: Sequence[Cost], size: int) -> Cost:
    wall = sum(cost.wall for cost in costs)
    return Cost(wall=wall, cpu=sum(cost.cpu for cost in costs)) / (len(costs) * size)


# -- P2 --------------------------------------------------------------------------------


def round_trip(is_quick: bool) -> Iterator[Figure]:
    """P2: from submission to the result, in the loop of the submitter."""
    count, rounds = (10, 1) if is_quick else (300, 11)
    with bare_loop() as loop:
        compared = alternate(
            rounds,
            ours=lambda: asyncio.run(_round_trips(_ask_pool, count)),
            floor=lambda: asyncio.run(_round_trips(_ask_bare(loop), count)),
        )
    ratio = compared.ratio("ours", "floor")
    yield Figure(
        measure="P2",
        what="submit() and aresult(), p50 / run_coroutine_threadsafe and wrap_future",
        value=ratio.wall,
        cpu=ratio.cpu,
        target=1.5,
        details=compared.microseconds(),
    )


async def _round_trips(ask: Callable[[int], Any], count: int) -> Cost:
    walls = []
    before = time.process_time()
    for number in range(count):
        begin = time.perf_counter()
        await ask(number)
        walls.append(time.perf_counter() - begin)
    return Cost(wall=median(walls), cpu=(time.process_time() - before) / count)


async def _ask_pool(number: int) -> None:
    from benchmarks.bodies import noop
    from ephemeral_tasks import aresult, submit

    who = owner(number % 50)
    handle = submit(who, noop)
    await aresult(who, handle.id)


def _ask_bare(loop: asyncio.AbstractEventLoop) -> Callable[[int], Any]:
    from benchmarks.bodies import nothing

    async def ask(number: int) -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(nothing(), loop))

    return ask


# -- P3 --------------------------------------------------------------------------------


def burst(is_quick: bool) -> Iterator[Figure]:
    """P3: operations a second, of many owners at once."""
    from ephemeral_tasks import pool

    count, owners, rounds = (200, 40, 1) if is_quick else (20_000, 4_000, 5)

    def ours() -> Cost:
        from benchmarks.bodies import noop
        from ephemeral_tasks import submit

        pool.reset()
        pool.get()
        gc.collect()
        with stopwatch(time.process_time) as watch:
            for number in range(count):
                submit(owner(number % owners), noop)
            until_idle()
        return watch.cost / count

    def floor() -> Cost:
        from benchmarks.bodies import nothing

        gc.collect()
        with stopwatch(time.process_time) as watch:
            for _ in range(count):
                future = asyncio.run_coroutine_threadsafe(nothing(), loop)
            future.result()
        return watch.cost / count

    with bare_loop() as loop:
        compared = alternate(rounds, ours=ours, floor=floor)
    ratio = compared.ratio("floor", "ours")
    yield Figure(
        measure="P3",
        what=f"{count:,} no-ops of {owners:,} owners, a second / "
        "run_coroutine_threadsafe",
        value=ratio.wall,
        cpu=ratio.cpu,
        target=1.0,
        is_floor=True,
        details=compared.microseconds(),
    )
    pool.reset()


# -- P7 --------------------------------------------------------------------------------


def memory(is_quick: bool) -> Iterator[Figure]:
    """P7: what is kept of a finished operation, and of a window of five."""
    owners = 100 if is_quick else 4_000
    window = _traced(lambda: _write_windows(owners)) / owners
    both = _traced(lambda: _run_operations(owners)) / owners
    yield Figure(
        measure="P7",
        what="a finished operation without its result",
        value=(both - window) / 5 / _KIBIBYTE,
        unit="KiB",
        target=1.0,
    )
    yield Figure(
        measure="P7",
        what="a window of five handles",
        value=window / _KIBIBYTE,
        unit="KiB",
        target=1.5,
    )


def _traced(fill: Callable[[], None]) -> int:
    """Return how many bytes Python allocated and did not free."""
    from ephemeral_tasks import pool, windows

    pool.reset()
    pool.get()
    windows.exists(owner(2**64))  # makes the store
    gc.collect()
    tracemalloc.start()
    try:
        fill()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        pool.reset()


def _write_windows(owners: int) -> None:
    from ephemeral_tasks import windows
    from ephemeral_tasks.core.ids import new_id

    for number in range(owners):
        handles = [
            windows.Handle(
                id=new_id(),
                task="noop",
                label="Noop",
                submitted_time=time.time(),
                shown={},
                submitted_monotonic=windows.now(),
            )
            for _ in range(5)
        ]
        windows.write(owner(number), handles)


def _run_operations(owners: int) -> None:
    from benchmarks.bodies import noop
    from ephemeral_tasks import submit

    for number in range(owners):
        for _ in range(5):
            submit(owner(number), noop)
    until_idle()


# -- P8 --------------------------------------------------------------------------------


def crowd(is_quick: bool) -> Iterator[Figure]:
    """P8: whether a submission costs more where many others have submitted."""
    many, rounds = (100, 1) if is_quick else (100_000, 9)
    with _process_of(many) as crowded, _process_of(10) as empty:
        compared = alternate(rounds, many=crowded, few=empty)
    ratio = compared.ratio("many", "few")
    yield Figure(
        measure="P8",
        what=f"submit() among {many:,} owners / among 10",
        value=ratio.wall,
        cpu=ratio.cpu,
        target=1.2,
        details=compared.microseconds(),
    )


@contextmanager
def _process_of(owners: int) -> Iterator[Callable[[], Cost]]:
    """Give a function that has a process with so many owners measure a round."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve_rounds, args=(there, owners), daemon=True)
    process.start()

    def measured() -> Cost:
        here.send(True)
        if not here.poll(_PATIENCE_SECONDS):
            raise TimeoutError("the other process does not answer")
        cost: Cost = here.recv()
        return cost

    try:
        yield measured
    finally:
        here.send(False)
        process.join(_PATIENCE_SECONDS)


def _serve_rounds(pipe: Connection, owners: int) -> None:
    """Answer each request with a round's cost. Windows of one, so that all are full."""
    configure(WINDOW_SIZE=1)
    from benchmarks.bodies import noop
    from ephemeral_tasks import submit

    for begin in range(0, owners, 1000):
        for number in range(begin, min(owners, begin + 1000)):
            submit(owner(number), noop)
        until_idle()
    while pipe.recv():
        costs = []
        for _ in range(50):  # never twice the same owner before its first has ended
            chosen = [owner(number) for number in random.sample(range(owners), 10)]
            with stopwatch() as watch:
                for one in chosen:
                    submit(one, noop)
            until_idle()
            costs.append(watch.cost)
        pipe.send(_mean(costs, 10))


# -- P9 --------------------------------------------------------------------------------


class _Heart:
    """Beats with each turn of the pool's loop and remembers the longest pause."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.wall = self.cpu = 0.0
        """The longest pause, in seconds; on the loop."""
        self._last: tuple[float, float] | None = None
        self._is_over = False

    def beat(self) -> None:
        """Look at the time, and again after the next turn; on the loop."""
        now = time.perf_counter(), time.thread_time()
        if self._last is not None:
            self.wall = max(self.wall, now[0] - self._last[0])
            self.cpu = max(self.cpu, now[1] - self._last[1])
        self._last = now
        if not self._is_over:
            self._loop.call_soon(self.beat)

    def stop(self) -> None:
        """Beat once more."""
        self._is_over = True


def sweep(is_quick: bool) -> Iterator[Figure]:
    """P9: how long the sweep of a great many windows holds up the pool's loop."""
    owners, rounds = (100, 1) if is_quick else (100_000, 3)
    hearts = [_swept(owners) for _ in range(rounds)]
    yield Figure(
        measure="P9",
        what=f"longest pause of the loop while {owners:,} expired windows are swept",
        value=1000 * median(heart.wall for heart in hearts),
        cpu=1000 * median(heart.cpu for heart in hearts),
        unit="ms",
        target=5.0,
    )


def _swept(owners: int) -> _Heart:
    from benchmarks.bodies import noop
    from ephemeral_tasks import pool, submit
    from ephemeral_tasks.core.clock import LoopClock

    class Skewed(LoopClock):
        skew = 0.0

        def monotonic(self) -> float:
            return time.monotonic() + self.skew

    clock = Skewed()
    pool.reset(clock)
    try:
        for number in range(owners):
            submit(owner(number), noop)
            if number % 10_000 == 0:
                until_idle()
        until_idle()
        gc.collect()
        thread = pool.get().loop
        heart = _Heart(thread.loop)
        thread.post(heart.beat)
        clock.skew = 2 * pool.get().config.max_age_seconds
        until(lambda: not pool.statistics().owners, 0.25)
        heart.stop()
        return heart
    finally:
        pool.reset()


# -- P10 -------------------------------------------------------------------------------

_IMPORT = """
import sys, time, threading, json
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions",
    ],
)
django.setup()
sockets = []
sys.addaudithook(
    lambda name, _: sockets.append(name) if name.startswith("socket.") else None
)
threads = threading.active_count()
begin, cpu = time.perf_counter(), time.process_time()
from ephemeral_tasks import owner_of, submit, task
from ephemeral_tasks import apps, checks
print(json.dumps({
    "wall": time.perf_counter() - begin,
    "cpu": time.process_time() - cpu,
    "threads": threading.active_count() - threads,
    "sockets": len(sockets),
}))
"""


def importing(is_quick: bool) -> Iterator[Figure]:
    """P10: what an import adds to Django, all that ``setup()`` needs included."""
    with TemporaryDirectory() as folder:
        if not is_quick:
            _imported(folder)  # compiles
        found = [_imported(folder) for _ in range(1 if is_quick else 9)]
    yield Figure(
        measure="P10",
        what="import of ephemeral_tasks on top of Django",
        value=1000 * median(one["wall"] for one in found),
        cpu=1000 * median(one["cpu"] for one in found),
        unit="ms",
        target=30.0,
        details={
            "threads": max(one["threads"] for one in found),
            "sockets": max(one["sockets"] for one in found),
        },
    )


def _imported(folder: str) -> dict[str, float]:
    # Compiled once, as where the package is installed.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", _IMPORT]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    configure(SWEEP_SECONDS=1 if "--quick" in sys.argv else 10)
    main(
        {
            "P1": submission,
            "P2": round_trip,
            "P3": burst,
            "P7": memory,
            "P8": crowd,
            "P9": sweep,
            "P10": importing,
        }
    )
