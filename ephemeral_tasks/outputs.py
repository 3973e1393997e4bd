"""Reading what an operation writes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import NamedTuple

from .core.output import Output
from .core.status import Status
from .lookup import find
from .machine.table import Kind
from .machine.verbs import async_verb, verb


class Seen(NamedTuple):
    """An operation's output from a place on, and its state at the same moment."""

    status: Status
    output: Output


@verb(Kind.LOOK)
def output(
    owner: str,
    id: str,
    start: int = 0,
    attempt: int | None = None,
    *,
    limit: int | None = None,
) -> Output:
    """Return what the operation's body has written from ``start`` on.

    Args:
        owner: The owner's key.
        id: The operation's id.
        start: A place that ``Output.end`` gave; 0 for the beginning.
        attempt: The attempt that came with it. Another attempt's output is given from
            its beginning.
        limit: How many characters are given at most.

    Raises:
        UnknownOperation: The owner's window does not name it.
        TypeError, ValueError: ``start`` is no whole number from 0 on.
    """
    return _look(owner, id, start, attempt, limit).output


@verb(Kind.LOOK)
def see_output(
    owner: str, id: str, start: int, attempt: int | None, *, limit: int | None = None
) -> Seen:
    """Return the output as ``output`` does, and the operation's state."""
    return _look(owner, id, start, attempt, limit)


async def aoutput(
    owner: str,
    id: str,
    start: int = 0,
    attempt: int | None = None,
    timeout: float | None = None,
    *,
    limit: int | None = None,
) -> Output:
    """Wait until there is more than ``start``, another attempt, or the end.

    Cancelling this call leaves nothing behind. The arguments are those of ``output``.

    Args:
        owner: The owner's key.
        id: The operation's id.
        start: The place from which it is read.
        attempt: The attempt to which the place belongs.
        timeout: Seconds to wait at most; the text is then empty.
        limit: How many characters are given at most.

    Raises:
        UnknownOperation: The owner's window does not name it, perhaps no more.
        TypeError, ValueError: ``start`` is no whole number from 0 on.
    """
    seen = await await_output(owner, id, start, attempt, timeout, limit=limit)
    return seen.output


@async_verb
async def await_output(
    owner: str,
    id: str,
    start: int,
    attempt: int | None,
    timeout: float | None,
    *,
    limit: int | None = None,
) -> Seen:
    """Wait as ``aoutput`` does, and return the operation's state, too."""
    found = find(owner, id)
    operation = found.operation
    buffer = found.pool.ledger.open_output(operation)
    if attempt is None:  # 0 is a reader's that saw no attempt: the first is news to it
        attempt = buffer.attempt or None
    with suppress(TimeoutError):
        await asyncio.wait_for(operation.wait_for_output(start, attempt), timeout)
    return _look(owner, id, start, attempt, limit)


def _look(
    owner: str, id: str, start: int, attempt: int | None, limit: int | None
) -> Seen:
    operation = find(owner, id).operation
    found = operation.output_nowait(start, attempt, limit=limit)
    status = operation.status
    if status.is_finished and not found.is_finished:
        # It ended between the two looks, and may have written more before.
        found = operation.output_nowait(start, attempt, limit=limit)
    return Seen(status, found)
