"""How a new operation comes into the pool and into its owner's window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from . import clients, signals, windows
from . import pool as pools
from .conf import get_config
from .errors import WindowFull
from .pool.call import Call
from .pool.change import Change
from .pool.operation import PoolOperation, make_handle
from .pool.pool import Pool
from .tasks import Task
from .windows import Handle


def prepare(
    owner: str, task: Task, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Pool, PoolOperation]:
    """Return the pool and a new operation that it does not know yet."""
    windows.check_owner(owner)
    arguments = task.check_arguments(args, kwargs)
    shown = task.shown_of(arguments)
    label = task.label_for(shown)
    pool = pools.get()
    plain, client = clients.split(owner)
    operation = make_operation(pool, plain, Call(task, args, kwargs), client)
    operation.handle = make_handle(operation, label, shown)
    if task.unique:
        operation.unique_key = task.unique_key_of(arguments)
    return pool, operation


def submit(pool: Pool, operation: PoolOperation) -> Handle:
    """Accept a new operation, or return the handle of the one that it repeats."""
    owner = cast("str", operation.owner)
    try:
        # Or both clicks of a double click would find nothing, and two submissions
        # would push out the same operation.
        with windows.lock:
            known = find_repeated(pool, operation)
            if known is not None:
                return known
            changes = accept(pool, operation, _choose_leaving(pool, owner))
    except BaseException:  # of the cache, whatever it raises
        wake_after_failure(pool)
        raise
    return start(pool, operation, changes)


def find_repeated(pool: Pool, operation: PoolOperation) -> Handle | None:
    """Return the handle of the owner's operation that a new one repeats.

    Then this was a use of the window.
    """
    if operation.form_key is None and operation.unique_key is None:
        return None
    for handle in windows.read(cast("str", operation.owner), touch=False).handles:
        known = pool.ledger.memory.get(handle.id)
        if known is not None and operation.repeats(known):
            windows.read(cast("str", operation.owner), touch=True)
            return handle
    return None


def start(pool: Pool, operation: PoolOperation, changes: tuple[Change, ...]) -> Handle:
    """Do what follows from an acceptance; the caller holds no lock."""
    owner, handle = cast("str", operation.owner), cast("Handle", operation.handle)
    for change in changes:
        pool.follow(change)
    signals.send_changed(owner)
    if operation.task.on_leave == "cancel":
        pool.loop.try_post(pool.presence.watch, operation.id)
    pool.on_submitted(operation)
    return handle


def make_operation(
    pool: Pool, owner: str, call: Call, client: str | None
) -> PoolOperation:
    """Return an operation that was submitted at this instant."""
    now, clock_offset = pool.times()
    return PoolOperation(
        call,
        owner=owner,
        key=owner,
        client=client,
        now=now,
        clock_offset=clock_offset,
    )


def accept(
    pool: Pool,
    operation: PoolOperation,
    leaving: tuple[PoolOperation, ...],
    place: int = 0,
) -> tuple[Change, ...]:
    """Take an operation and write its owner's window, both or neither.

    What it replaces ends last, so that a cache that fails has changed nothing. The
    caller holds ``windows.lock``; where this raises it calls ``wake_after_failure``
    once the lock is free.
    """
    owner = cast("str", operation.owner)
    change = pool.accept(operation, place=place)
    try:
        staying = [one for one in pool.ledger.memory.of(owner) if one not in leaving]
        windows.write(owner, [one.handle for one in staying if one.handle is not None])
    except BaseException:  # of the cache's backend
        operation.handle = None  # first: the end of what was refused is not announced
        for part in (change, pool.ledger.forget(operation)):
            pool.loop.put(pool.follow, part)  # not here: a lock is held
        raise
    if leaving or operation.task.supersede:
        return change, pool.ledger.replace(operation, leaving)
    return (change,)


def forget(pool: Pool, operation: PoolOperation) -> Change:
    """Forget an operation with its handle; the caller holds ``windows.lock``."""
    owner = cast("str", operation.owner)
    change = pool.ledger.forget(operation)
    windows.keep(owner, {one.id for one in pool.ledger.memory.of(owner)})
    return change


def wake_after_failure(pool: Pool | None) -> None:
    """Wake the loop for what a failed ``accept`` has left to it; under no lock."""
    if pool is not None:
        pool.loop.wake_for_calls()


def _choose_leaving(pool: Pool, owner: str) -> tuple[PoolOperation, ...]:
    """Return the operations that leave for one more: too old, unnamed, pushed out.

    The ledger knows the window's operations, so the cache is asked only whether it
    still has the window.

    Raises:
        WindowFull: All are unfinished, and nothing may be pushed out.
    """
    siblings = pool.ledger.memory.of(owner)
    if not siblings:
        return ()
    if not windows.exists(owner):
        return tuple(siblings)
    config, too_old = get_config(), windows.oldest()
    leaving = [one for one in siblings if one.submitted_monotonic <= too_old]
    staying = [one for one in siblings if one not in leaving]
    while len(staying) >= config.window_size:
        oldest = staying[-1]
        if config.when_window_full == "refuse":
            finished = [one for one in staying if one.is_finished]
            if not finished:
                raise WindowFull(config.window_size)
            oldest = finished[-1]
        staying.remove(oldest)
        leaving.append(oldest)
    return tuple(leaving)
