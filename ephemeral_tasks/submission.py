"""The verbs: submit, watch, cancel, dismiss, retry, answer, fetch.

Each runs where the pool is: in this process, or with ``POOL = "machine"`` in the one
that hosts it. Each may be called from any thread or loop. In this process none blocks;
for another one's answer the plain ones wait, and their twins with an ``a`` are awaited.
Each takes the owner and, where there is one, the id together: another owner's operation
is as unknown as one that never existed.
"""

from __future__ import annotations

import asyncio
from typing import Any

from . import intake, signals, windows
from . import pool as pools
from .answering import aanswer, answer
from .errors import Conflict, NotFinished, UnknownOperation
from .lookup import find, find_all
from .machine.table import Kind
from .machine.verbs import async_verb, verb
from .outputs import aoutput, output
from .pool.waiters import wait
from .row import Row
from .starting import aretry, asubmit, asubmit_once, retry, submit, submit_once
from .tasks import Task

__all__ = [
    "aanswer",
    "acancel",
    "adismiss",
    "afetch",
    "ais_known",
    "answer",
    "aoutput",
    "aread_input",
    "aresult",
    "aretry",
    "arow",
    "asubmit",
    "asubmit_once",
    "atask_of",
    "awindow",
    "cancel",
    "dismiss",
    "end_owner",
    "fetch",
    "is_known",
    "keep_alive",
    "list_ids",
    "output",
    "read_input",
    "result",
    "retry",
    "row",
    "submit",
    "submit_once",
    "task_of",
    "window",
]


@verb(Kind.LOOK)
def window(owner: str) -> tuple[Row, ...]:
    """Return the owner's operations, newest first; looking keeps the window alive."""
    return tuple([found.row() for found in find_all(owner)])


@verb(Kind.LOOK)
def row(owner: str, id: str) -> Row:
    """Return one operation of the owner; looking keeps the window alive.

    Raises:
        UnknownOperation: The owner's window does not name it.
    """
    return find(owner, id).row()


@verb(Kind.LOOK)
def is_known(owner: str, id: str) -> bool:
    """Return whether the owner's window names an operation."""
    try:
        find(owner, id)
    except UnknownOperation:
        return False
    return True


@verb(Kind.LOOK)
def list_ids(owner: str) -> frozenset[str]:
    """Return the ids that the owner's window names; this does not keep it alive."""
    return frozenset([one.id for one in windows.read(owner, touch=False).handles])


@verb(Kind.LOOK)
def keep_alive(owner: str) -> None:
    """Use the owner's window."""
    windows.read(owner, touch=True)


@verb(Kind.LOOK)
def task_of(owner: str, id: str) -> Task:
    """Return the task of one operation of the owner.

    Raises:
        UnknownOperation: The owner's window does not name it.
    """
    return find(owner, id).operation.task


@verb(Kind.CHANGE)
def cancel(owner: str, id: str) -> None:
    """Cancel an operation; again is allowed and changes nothing.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: It has finished otherwise, or it runs and is not cancellable.
    """
    pool, _, operation, _ = find(owner, id)
    spare_running = not operation.task.cancellable
    is_cancelled, change = pool.ledger.cancel(operation, spare_running=spare_running)
    if not is_cancelled:
        raise Conflict("cancel", id, operation.status)
    pool.follow(change)
    signals.send_changed(owner)


@verb(Kind.CHANGE)
def dismiss(owner: str, id: str) -> None:
    """Forget a finished operation now.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: It has not finished.
    """
    with windows.lock:  # or it might be retried between the check and its removal
        pool, _, operation, _ = find(owner, id)
        if not operation.is_finished:
            raise Conflict("dismiss", id, operation.status)
        change = intake.forget(pool, operation)
    pool.follow(change)
    signals.send_changed(owner)


@verb(Kind.LOOK)
def read_input(owner: str, id: str) -> tuple[Row, dict[str, Any]]:
    """Return a finished operation's row and the arguments that it holds, by name.

    Uploaded files are left out.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: It is unfinished, or its arguments are no longer held.
    """
    found = find(owner, id)
    operation = found.operation
    call = operation.item  # once: its end drops it on another thread
    if not operation.is_finished or call is None:
        raise Conflict("again", id, operation.status)
    return found.row(), call.arguments()


@verb(Kind.LOOK)
def result(owner: str, id: str) -> Any:
    """Return what the operation returned.

    Raises:
        UnknownOperation: The owner's window does not name it.
        NotFinished: It has not finished.
        OperationFailed: It failed; the error holds the sentence and the reference.
        OperationCancelled: It was cancelled.
    """
    return find(owner, id).operation.outcome()


@verb(Kind.LOOK)
def fetch(owner: str, id: str) -> tuple[Row, Any]:
    """Return an operation's row and what it returned, in one look.

    Raises:
        UnknownOperation, NotFinished, OperationFailed, OperationCancelled: As for
            ``result``.
    """
    found = find(owner, id)
    return found.row(), found.operation.outcome()


@async_verb
async def aresult(owner: str, id: str, timeout: float | None = None) -> Any:
    """Wait for the operation's end and return what it returned.

    Cancelling this call does not cancel the operation.

    Args:
        owner: The owner's key.
        id: The operation's id.
        timeout: Seconds to wait at most.

    Raises:
        UnknownOperation: The owner's window does not name it.
        NotFinished: It has not finished after ``timeout`` seconds.
        OperationFailed: It failed; the error holds the sentence and the reference.
        OperationCancelled: It was cancelled.
    """
    pool, _, operation, _ = find(owner, id)
    if not operation.is_finished:
        try:
            await asyncio.wait_for(wait(pool.loop, operation), timeout)
        except TimeoutError:
            raise NotFinished(id) from None
    return operation.outcome()


@verb(Kind.CHANGE)
def end_owner(owner: str) -> None:
    """Cancel and forget all operations of an owner, as at logout."""
    windows.check_owner(owner)
    with windows.lock:  # or an operation submitted meanwhile would stay
        windows.drop(owner)
        pool = pools.current()
        operations = [] if pool is None else pool.ledger.memory.of(owner)
        change = None if pool is None else pool.ledger.forget(*operations)
    if pool is not None and change is not None:
        pool.follow(change)
    signals.send_ended(owner)


# -- the twins for async code, where a host's answer must be awaited ------------------


async def acancel(owner: str, id: str) -> None:
    """Cancel an operation, as ``cancel`` does."""
    await cancel.acall(owner, id)


async def adismiss(owner: str, id: str) -> None:
    """Forget a finished operation, as ``dismiss`` does."""
    await dismiss.acall(owner, id)


async def awindow(owner: str) -> tuple[Row, ...]:
    """Return the owner's operations, as ``window`` does."""
    return await window.acall(owner)


afetch = fetch.acall
ais_known = is_known.acall
aread_input = read_input.acall
arow = row.acall
atask_of = task_of.acall
