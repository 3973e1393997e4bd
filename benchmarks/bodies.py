"""The tasks that are measured: they do next to nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator

from django import forms

from benchmarks.measure import Cost, stopwatch
from ephemeral_tasks import progress, task, write

PAUSE_SECONDS = 0.3  # longer than a socket's pause between two frames
WORD_SECONDS = 0.05


async def nothing() -> None:
    """Do nothing: what the floor runs."""


@task
async def noop() -> None:
    """Do nothing as a task."""


@task
async def tick(count: int, delay: float) -> None:
    """Report the time, which Linux and macOS count alike in all processes."""
    await asyncio.sleep(delay)
    for number in range(1, count + 1):
        progress(number, count, f"at {time.monotonic():.6f}")
        await asyncio.sleep(PAUSE_SECONDS)


@task
async def stream(count: int, delay: float) -> AsyncIterator[str]:
    """Yield the time, as fast as a model writes words."""
    await asyncio.sleep(delay)
    for _ in range(count):
        yield f"at {time.monotonic():.6f} "
        await asyncio.sleep(WORD_SECONDS)


@task
async def hold() -> None:
    """Run on, with progress that no longer changes."""
    progress(1, 3, "one of three")
    await asyncio.sleep(3600)


class SecondsForm(forms.Form):
    """What ``work`` takes."""

    seconds = forms.FloatField()


@task(form=SecondsForm)
async def work(seconds: float) -> None:
    """Take a slot for so long."""
    await asyncio.sleep(seconds)


@task
async def write_words(count: int, turn: int, begin: threading.Event) -> Cost:
    """Write so many short texts; return what it took this thread."""
    await asyncio.to_thread(begin.wait)
    with stopwatch() as watch:
        for number in range(count):
            write("word ")
            if number % turn == 0:
                await asyncio.sleep(0)
    return watch.cost


@task
def write_plain(count: int, turn: int, begin: threading.Event) -> Cost:
    """Write so many short texts in a thread."""
    begin.wait()
    with stopwatch() as watch:
        for _ in range(count):
            write("word ")
    return watch.cost


@task
async def write_instants(count: int) -> AsyncIterator[str]:
    """Write the time so often, 20 ms apart, as a model writes its words."""
    for _ in range(count):
        yield f"{time.perf_counter()!r} "
        await asyncio.sleep(0.02)
