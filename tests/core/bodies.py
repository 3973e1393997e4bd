"""Bodies and small helps of the core's tests."""

import asyncio
import contextvars
import logging

from ephemeral_tasks.core.testing import ManualClock

VARIABLE = contextvars.ContextVar("variable", default="unset")


class AdjustedClock(ManualClock):
    """A clock whose time of day jumps while its seconds go on."""

    adjustment = 0.0

    def time(self):
        """Return what the system says."""
        return self.monotonic() + self.adjustment


async def echo(item):
    """Return the item at once."""
    return item


async def fail(item):
    """Raise at once."""
    raise ValueError(item)


def adds_up(coordinator) -> bool:
    """Return whether the counters account for every accepted operation."""
    s = coordinator.statistics()
    parts = (s.waiting, s.retrying, s.running, s.successful, s.failed, s.cancelled)
    return s.accepted == sum(parts) and min(parts) >= 0


def sizes(root) -> dict[str, int]:
    """The lengths of all containers that a coordinator has."""
    found = {}
    for owner in (root, root._scheduler, root._scheduler._queue, root._history):
        for name, value in vars(owner).items():
            if isinstance(value, dict | list | set) or hasattr(value, "maxlen"):
                found[f"{type(owner).__name__}.{name}"] = len(value)
    return found


def lambda_body(holds):
    """Return a body that stops at the hold whose number is the item."""

    async def body(item):
        return await holds[item].body(item)

    return body


async def wait_for(operation):
    """Await an operation in a task of one's own."""
    return await operation


async def until(condition):
    """Let the loop turn until a condition holds."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("the condition never held")


def complaints(caplog):
    """What asyncio said of tasks destroyed and errors never retrieved."""
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
