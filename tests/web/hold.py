"""Waiting until an owner's rows are as a test wants them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ephemeral_tasks import signals, submission


async def until(owner: str, is_reached: Callable[[tuple[Any, ...]], bool]) -> Any:
    """Return the owner's rows once they are as asked; waits for their changes."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def wake(who: str) -> None:
        if who == owner:
            loop.call_soon_threadsafe(changed.set)

    disconnect = signals.connect(changed=wake, ended=wake)
    try:
        while not is_reached(rows := submission.window(owner)):
            changed.clear()
            if is_reached(rows := submission.window(owner)):
                break
            await asyncio.wait_for(changed.wait(), 10)
        return rows
    finally:
        disconnect()


async def until_status(owner: str, *statuses: str) -> Any:
    """Return the owner's rows once their statuses are these, newest first.

    One of ``web_hold`` runs only once it has said so: its row changes no more then.
    """
    return await until(
        owner,
        lambda rows: (
            [row.status for row in rows] == [*statuses] and all(map(_is_settled, rows))
        ),
    )


def _is_settled(row: Any) -> bool:
    is_held = row.task == "web_hold" and row.status == "RUNNING"
    return row.progress is not None if is_held else True


async def until_so(is_so: Callable[[], object]) -> None:
    """Return once it is so; for what no signal tells a test."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110  # there is no event
            await asyncio.sleep(0)
