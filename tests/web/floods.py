"""Floods of each thing that visitors can make a process keep, in one of their own.

``python -m tests.web.floods NAME SHARE`` prints a JSON object: how many bytes were
``sent``, and by how many the process has ``grown``.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import django

from ephemeral_tasks import QueueFull, TaskFailed, aask, pool, progress, submit, task
from ephemeral_tasks.testing import drain
from ephemeral_tasks.web import sessions
from ephemeral_tasks.web.first_click import aowner_for
from ephemeral_tasks.web.pages import Page
from ephemeral_tasks.web.rows import render_rows
from ephemeral_tasks.web.table_cache import TableCache

LARGE = 2**20
PAGES = 10
TableCache.BYTES = LARGE // 4  # in place of 16 MiB, to reach it in a second
_numbers = count()


def new_owner() -> str:
    """Return the key of another visitor."""
    return f"owner{next(_numbers)}"


def text_of(size: int) -> str:
    """Return a text that no other call returns, of about this length."""
    return f"{next(_numbers)} " + "x" * size


@task(label=lambda text: text, shown=("text",))
async def name(text: str) -> None:
    """Return; its label and its shown value are the argument."""


@task
async def report(size: int) -> None:
    """Report a long message."""
    progress(1, 2, text_of(size))


class LazyText:
    """A text of this length that the body does not hold while it asks."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __str__(self) -> str:
        """The text."""
        return text_of(self.size)


@task
async def inquire(size: int) -> None:
    """Ask a long question."""
    await aask(LazyText(size), choices=["Yes"])


@task
async def fail(size: int) -> None:
    """Fail with a long sentence."""
    raise TaskFailed(text_of(size))


@task
async def give(size: int) -> str:
    """Return a long result."""
    return text_of(size)


@task
async def hold(text: str = "") -> None:
    """Run on, and keep the argument."""
    await asyncio.Event().wait()


# -- the floods: each takes how much, and returns the bytes that were sent -------------


def flood_form_keys(share: int) -> int:
    """Forms with a one-time key of a megabyte, each from another visitor."""
    asyncio.run(_post(share))
    return share * LARGE // 2


async def _post(count: int) -> None:
    from django.test import AsyncClient

    for _ in range(count):
        data = {"text": "a", "language": "es", "key": text_of(LARGE // 2)}
        client = AsyncClient()
        client.cookies["csrftoken"] = text_of(1000)
        answer = await client.post("/tasks/start/web_echo/", data)
        assert answer.status_code == 202, answer.content


def flood_first_clicks(share: int) -> int:
    """First submissions, each with a key and a cookie of its own."""
    for _ in range(100 * share):
        asyncio.run(aowner_for(text_of(1000), text_of(10_000)))
    return 100 * share * 11_000


def flood_seen_sessions(share: int) -> int:
    """Visitors who come back with a session, each once."""
    for _ in range(1000 * share):
        key = f"{next(_numbers):032}"
        sessions.note(SimpleNamespace(session_key=key), new_owner())
    return 1000 * share * 200


def flood_rendered_rows(share: int) -> int:
    """Tables of many visitors, each under more addresses than are kept."""
    for _ in range(share):
        owner = new_owner()
        for _ in range(5):
            submit(owner, name, text_of(500))
        drain(20)
        for _ in range(PAGES):
            render_rows(owner, Page.current(f"task{next(_numbers)}" + "x" * 1000))
            render_rows(owner, replace(Page.current(), time_zone=next(_numbers) % 800))
    return share * 2 * PAGES * 11_000


def flood_labels(share: int) -> int:
    """Labels and shown values of a megabyte."""
    return _submit(share, lambda owner: submit(owner, name, text_of(LARGE)))


def flood_messages(share: int) -> int:
    """Progress messages of a megabyte."""
    return _submit(share, lambda owner: submit(owner, report, LARGE))


def flood_questions(share: int) -> int:
    """Questions of a megabyte, all open at once."""
    sent = _submit(share, lambda owner: submit(owner, inquire, LARGE))
    while (found := pool.statistics()).running or found.waiting:
        pool.get().loop.call(lambda: None)
    return sent


def flood_sentences(share: int) -> int:
    """Sentences of a megabyte."""
    return _submit(share, lambda owner: submit(owner, fail, LARGE))


def flood_results(share: int) -> int:
    """Results of a megabyte."""
    return _submit(share, lambda owner: submit(owner, give, LARGE))


def flood_arguments(share: int) -> int:
    """Arguments of a megabyte, of operations that run on or wait."""
    return _submit(share, lambda owner: submit(owner, hold, text_of(LARGE)))


def flood_windows(share: int) -> int:
    """Operations of ever new visitors."""
    for _ in range(share):
        for _ in range(50):
            submit(new_owner(), name, "")
        drain(20)
    return 50 * share * 2_000


def _submit(count: int, submit_for: Callable[[str], object]) -> int:
    """Submit for a new owner each time; what is refused was sent, too."""
    for _ in range(count):
        with suppress(QueueFull):
            submit_for(new_owner())
    return count * LARGE


def main(name: str, share: int) -> dict[str, int]:
    """Run a flood twice; the first one is small and loads what it needs."""
    django.setup()
    flood: Callable[[int], int] = globals()[f"flood_{name}"]
    flood(2)
    _settle(flood)
    tracemalloc.start()
    sent = flood(share)
    _settle(flood)
    grown, _ = tracemalloc.get_traced_memory()
    return {"sent": sent, "grown": grown}


def _settle(flood: Callable[[int], int]) -> None:
    """Wait until all has ended, but not for bodies that never end."""
    if flood not in (flood_arguments, flood_questions):
        drain(20)
    gc.collect()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
