"""What brings an operation into the pool: a call, a form, a retry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from . import intake, signals, windows
from . import pool as pools
from .digests import digest_form
from .errors import Conflict, UnknownOperation
from .lookup import find
from .machine import process
from .machine.pickles import check_call
from .machine.table import Kind
from .machine.verbs import verb
from .pool.call import keep, keep_all
from .pool.operation import PoolOperation, make_handle
from .pool.pool import Pool
from .projection import list_actions
from .tasks import Task
from .windows import Handle


class _Taken(NamedTuple):
    """What became of a submission."""

    handle: Handle
    is_new: bool
    """False where it repeats an operation that was accepted before."""


def _take_back(taken: _Taken) -> None:
    """Withdraw a submission that was answered too late; not what it repeats."""
    if taken.is_new:
        withdraw(taken.handle)


@verb(Kind.CHANGE)
def withdraw(handle: Handle) -> None:
    """Cancel and forget an operation whose submitter got Unreachable."""
    pool = pools.current()
    operation = None if pool is None else pool.ledger.memory.get(handle.id)
    if pool is None or operation is None or operation.owner is None:
        return
    owner = operation.owner
    with windows.lock:  # or a submission meanwhile would write the handle again
        change = intake.forget(pool, operation)
    pool.follow(change)
    signals.send_changed(owner)


def _stop_again(taken: _Taken) -> None:
    """Cancel a retry that was answered too late.

    Not forget it: the arguments of the operation that it replaced would be lost.
    """
    if taken.is_new:
        stop(taken.handle)


@verb(Kind.CHANGE)
def stop(handle: Handle) -> None:
    """Cancel an operation whose owner got Unreachable; it stays."""
    pool = pools.current()
    operation = None if pool is None else pool.ledger.memory.get(handle.id)
    if pool is not None and operation is not None:
        _, change = pool.ledger.cancel(operation)
        pool.follow(change)


def submit(owner: str, task: object, /, *args: Any, **kwargs: Any) -> Handle:
    """Run a task in the pool and put its handle at the head of the owner's window.

    Args:
        owner: Opaque key, 1 to 64 ASCII letters or digits; see ``owner_of``, whose
            keys carry their client where ``CLIENT_OF`` is set.
        task: Declared with ``@task``, ours or Django's.
        args, kwargs: The function's arguments. Uploaded files are copied; lists and
            dicts are copied for each attempt; other objects stay as they are.

    Raises:
        TypeError: The arguments do not fit the task.
        QueueFull, ClientFull, WindowFull, Closed: It was refused, and nothing was
            changed.
    """
    return _submit(owner, *_take_along(task, args, kwargs)).handle


async def asubmit(owner: str, task: object, /, *args: Any, **kwargs: Any) -> Handle:
    """Run a task in the pool; the twin of ``submit`` for async code."""
    taken = await _submit.acall(owner, *_take_along(task, args, kwargs))
    return taken.handle


@verb(Kind.ADD, undo=_take_back, is_submission=True)
def _submit(
    owner: str, task: Task, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> _Taken:
    pool, operation = intake.prepare(owner, task, args, kwargs)
    handle = intake.submit(pool, operation)
    return _Taken(handle, handle.id == operation.id)


def _take_along(
    task: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Task, tuple[Any, ...], Mapping[str, Any]]:
    """Return a call as another process can take it, files by value."""
    ours = Task.of(task)
    if not process.is_shared():
        return ours, args, kwargs
    ours.check_arguments(args, kwargs)
    kept = tuple([keep(value) for value in args]), keep_all(kwargs)
    check_call(ours.name, ours.signature.parameters, *kept)
    return ours, *kept


def submit_once(
    owner: str, task: Task, form_key: str, kwargs: Mapping[str, Any]
) -> Handle:
    """Submit a form once: the same key and input again give the same handle."""
    ours, _, kept = _take_along(task, (), kwargs)
    return _submit_once(owner, ours, form_key, kept).handle


async def asubmit_once(
    owner: str, task: Task, form_key: str, kwargs: Mapping[str, Any]
) -> Handle:
    """Submit a form once; the twin of ``submit_once`` for async code."""
    ours, _, kept = _take_along(task, (), kwargs)
    taken = await _submit_once.acall(owner, ours, form_key, kept)
    return taken.handle


@verb(Kind.ADD, undo=_take_back, is_submission=True)
def _submit_once(
    owner: str, task: Task, form_key: str, kwargs: Mapping[str, Any]
) -> _Taken:
    pool, operation = intake.prepare(owner, task, (), kwargs)
    operation.form_key = digest_form(task.name, form_key, kwargs)
    handle = intake.submit(pool, operation)
    return _Taken(handle, handle.id == operation.id)


def retry(owner: str, id: str) -> Handle:
    """Run a failed or cancelled operation anew, in the old one's place of the window.

    Where an unfinished operation has equal unique arguments its handle is returned, and
    nothing is changed.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: It is unfinished or ended well.
        QueueFull, ClientFull, Closed: It was refused, and nothing was changed.
    """
    return _retry(owner, id).handle


@verb(Kind.CHANGE, undo=_stop_again)
def _retry(owner: str, id: str) -> _Taken:
    try:
        with windows.lock:  # or two clicks would run it twice
            pool, old, operation, _ = find(owner, id)
            again = _make_again(pool, old, operation)
            known = intake.find_repeated(pool, again)
            if known is not None:
                return _Taken(known, is_new=False)
            siblings = pool.ledger.memory.of(cast("str", again.owner))
            if operation not in siblings:  # it has just been evicted
                raise UnknownOperation(id)
            place = siblings.index(operation)
            changes = intake.accept(pool, again, (operation,), place)
    except BaseException:  # of the cache, whatever it raises
        intake.wake_after_failure(pools.current())
        raise
    return _Taken(intake.start(pool, again, changes), is_new=True)


def _make_again(pool: Pool, old: Handle, operation: PoolOperation) -> PoolOperation:
    """Return a new operation with the call of a failed or cancelled one."""
    status, call = operation.status, operation.item
    if "retry" not in list_actions(status, is_cancelling=False, is_cancellable=True):
        raise Conflict("retry", operation.id, status)
    owner = cast("str", operation.owner)
    again = intake.make_operation(pool, owner, call.again(), operation.client)
    again.handle = make_handle(again, old.label, old.shown)
    again.unique_key = operation.unique_key
    return again


async def aretry(owner: str, id: str) -> Handle:
    """Run a failed or cancelled operation anew, as ``retry`` does."""
    return (await _retry.acall(owner, id)).handle
