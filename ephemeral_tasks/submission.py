"""The verbs: submit, watch, cancel, dismiss, retry, fetch.

Each may be called from any thread or loop and none blocks; only what starts with an
``a`` waits. Each takes the owner and, where there is one, the id together: what another
owner has is as unknown as what never was.
"""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import secrets
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from . import pool as pools
from . import signals, windows
from .conf import get_config
from .core.status import Status
from .errors import (
    Conflict,
    NotFinished,
    OperationCancelled,
    UnknownOperation,
    WindowFull,
)
from .pool.body import Call
from .pool.operation import PoolOperation
from .pool.pool import Pool
from .pool.sweep import forget_unnamed, reconcile
from .pool.waiters import wait
from .projection import Row, actions, project
from .tasks import Task
from .windows import Handle

_DIGEST_KEY = secrets.token_bytes(32)


def submit(owner: str, task: object, /, *args: Any, **kwargs: Any) -> Handle:
    """Run a task in the pool and put its handle at the head of the owner's window.

    Args:
        owner: Opaque key, 1 to 64 ASCII letters or digits; see ``owner_of``.
        task: Declared with ``@task``, ours or Django's.
        args, kwargs: The function's arguments; they stay in memory as they are.

    Raises:
        TypeError: The arguments do not fit the task.
        QueueFull, WindowFull, Closed: It was refused, and nothing was changed.
    """
    return _submit(owner, Task.of(task), args, kwargs)


def submit_once(
    owner: str, task: Task, form_key: str, kwargs: Mapping[str, Any]
) -> Handle:
    """Submit, unless the same form with equal input is in the window: then that one."""
    once = (form_key, _digest(kwargs))
    with windows.lock:
        for handle in windows.read(owner, touch=False).handles:
            operation = pools.get().kept.get(handle.id)
            if (
                operation is not None
                and operation.form_key == once
                and operation.task.name == task.name
            ):
                return handle
        return _submit(owner, task, (), kwargs, form_key=once)


def _submit(
    owner: str,
    task: Task,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    form_key: tuple[str, bytes] | None = None,
) -> Handle:
    windows.check_owner(owner)
    arguments = task.check_arguments(args, kwargs)
    shown = task.shown_of(arguments)
    label = task.label_for(shown)
    pool = pools.get()
    operation = PoolOperation(
        Call(task, args, kwargs),
        owner=owner,
        submitted_time=pool.clock.time(),
        form_key=form_key,
    )
    handle = _handle(operation, label, shown)
    with windows.changing(owner) as handles:
        _make_room(pool, owner, handles)
        pool.accept(operation)
        handles.insert(0, handle)
        # Within the lock: another thread's newer operation is not in our list.
        forget_unnamed(pool, owner, handles)
    signals.send_changed(owner)
    pool.submitted(operation)
    return handle


def _make_room(pool: Pool, owner: str, handles: list[Handle]) -> None:
    """Take out what must go for one more handle.

    Raises:
        WindowFull: All are unfinished, and nothing may be pushed out.
    """
    config = get_config()
    known = pool.kept.ids_of(owner)
    handles[:] = [handle for handle in handles if handle.id in known]
    while len(handles) >= config.window_size:
        if config.when_window_full == "push":
            handles.pop()
            continue
        oldest = next((one for one in reversed(handles) if _has_ended(pool, one)), None)
        if oldest is None:
            raise WindowFull(config.window_size)
        handles.remove(oldest)


def _has_ended(pool: Pool, handle: Handle) -> bool:
    operation = pool.kept.get(handle.id)
    return operation is None or operation.snapshot().status.is_finished


def _handle(operation: PoolOperation, label: str, shown: Mapping[str, Any]) -> Handle:
    return Handle(
        id=operation.id,
        task=operation.task.name,
        label=label,
        submitted_time=operation.submitted_time,
        shown=dict(shown),
    )


def window(owner: str) -> tuple[Row, ...]:
    """Return the owner's operations, newest first; looking keeps the window alive."""
    windows.check_owner(owner)
    pool = pools.current()
    if pool is None:
        return ()
    found = windows.read(owner, touch=True)
    now = pool.clock.time()
    rows = []
    for handle in found.handles:
        operation = pool.kept.get(handle.id)
        if operation is not None:
            rows.append(_row(pool, handle, operation, found.used_time, now))
    return tuple(rows)


def row(owner: str, id: str) -> Row:
    """Return one operation of the owner; looking keeps the window alive.

    Raises:
        UnknownOperation: The owner's window does not name it.
    """
    pool, handle, operation, used_time = _find(owner, id)
    return _row(pool, handle, operation, used_time, pool.clock.time())


def _row(
    pool: Pool, handle: Handle, operation: PoolOperation, used_time: float, now: float
) -> Row:
    is_waiting = operation.status is Status.READY and not operation.is_cancelling
    return project(
        handle,
        operation,
        used_time=used_time,
        now=now,
        position=pool.coordinator.position(operation) if is_waiting else None,
    )


def _find(owner: str, id: str) -> tuple[Pool, Handle, PoolOperation, float]:
    windows.check_owner(owner)
    pool = pools.current()
    if pool is not None:
        found = windows.read(owner, touch=True)
        for handle in found.handles:
            operation = pool.kept.get(id)
            if handle.id == id and operation is not None:
                return pool, handle, operation, found.used_time
    raise UnknownOperation(id)


def cancel(owner: str, id: str) -> None:
    """Tell an operation to end CANCELLED; again is allowed and changes nothing.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: It has finished otherwise, or it runs and is not cancellable.
    """
    pool, _, operation, _ = _find(owner, id)
    with pool.kept.lock:  # or it might start between the look and the deed
        status = operation.snapshot().status
        if status is Status.CANCELLED or operation.is_cancelling:
            return
        is_refused = status is Status.RUNNING and not operation.task.cancellable
        if is_refused or not pool.end(operation):
            raise Conflict("cancel", id, status)
    signals.send_changed(owner)


def dismiss(owner: str, id: str) -> None:
    """Forget a finished operation now.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: It has not finished.
    """
    with windows.lock:
        pool, handle, operation, _ = _find(owner, id)
        status = operation.snapshot().status
        if not status.is_finished:
            raise Conflict("dismiss", id, status)
        with windows.changing(owner) as handles:
            handles[:] = [one for one in handles if one.id != handle.id]
        reconcile(pool, owner)
    signals.send_changed(owner)


def retry(owner: str, id: str) -> Handle:
    """Run a failed or cancelled operation anew, in the old one's place of the window.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: It is unfinished or ended well.
        QueueFull, Closed: It was refused, and nothing was changed.
    """
    with windows.lock:
        pool, old, operation, _ = _find(owner, id)
        status = operation.snapshot().status
        call = operation.item
        if "retry" not in actions(status, is_cancelling=False, is_cancellable=True):
            raise Conflict("retry", id, status)
        again = PoolOperation(
            Call(call.task, call.args, call.kwargs),
            owner=owner,
            submitted_time=pool.clock.time(),
        )
        handle = _handle(again, old.label, old.shown)
        with windows.changing(owner) as handles:
            if old not in handles:  # its time came just now
                raise UnknownOperation(id)
            pool.accept(again)
            handles[handles.index(old)] = handle
        reconcile(pool, owner)
    signals.send_changed(owner)
    pool.submitted(again)
    return handle


def result(owner: str, id: str) -> Any:
    """Return what the operation returned.

    Raises:
        UnknownOperation: The owner's window does not name it.
        NotFinished: It has not finished.
        OperationFailed: It failed; the error holds the sentence and the reference.
        OperationCancelled: It was cancelled.
    """
    _, _, operation, _ = _find(owner, id)
    if operation.snapshot().status is Status.CANCELLED:
        raise OperationCancelled(id)
    return operation.outcome()


async def aresult(owner: str, id: str, timeout: float | None = None) -> Any:
    """Wait for the operation's end and return what it returned.

    A waiter that goes away does not cancel the operation.

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
    pool, _, operation, _ = _find(owner, id)
    if not operation.snapshot().status.is_finished:
        try:
            await asyncio.wait_for(wait(pool, operation), timeout)
        except TimeoutError:
            raise NotFinished(id) from None
    if operation.is_cancelling:
        raise OperationCancelled(id)
    return operation.outcome()


def end_owner(owner: str) -> None:
    """Cancel and forget everything of an owner that is no more, as at logout."""
    windows.check_owner(owner)
    with windows.lock:
        windows.drop(owner)
        pool = pools.current()
        if pool is not None:
            reconcile(pool, owner)
    signals.send_ended(owner)


def _digest(kwargs: Mapping[str, Any]) -> bytes:
    """Return a keyed digest of cleaned data; equal input gives an equal one.

    Input that cannot be pickled equals nothing.
    """
    digest = hashlib.blake2b(key=_DIGEST_KEY)
    pickler = pickle.Pickler(SimpleNamespace(write=digest.update), protocol=5)
    pickler.fast = True  # by value: it does not matter which objects are the same
    try:
        for name in sorted(kwargs):
            pickler.dump((name, _content(kwargs[name])))
    except Exception:
        return secrets.token_bytes(digest.digest_size)
    return digest.digest()


def _content(value: Any) -> Any:
    """Return what makes two values equal: for a file its name and its bytes."""
    if not hasattr(value, "read"):
        return value
    value.seek(0)
    content = value.read()
    value.seek(0)
    return value.name, content
