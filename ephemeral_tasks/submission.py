"""The verbs: submit, watch, cancel, dismiss, retry, answer, fetch.

Each may be called from any thread or loop and none blocks; only what starts with an
``a`` waits. Each takes the owner and, where there is one, the id together: another
owner's operation is as unknown as one that never existed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from . import intake, signals, windows
from . import pool as pools
from .core.output import Output
from .core.status import Status
from .digests import digest_form
from .errors import Conflict, NotFinished, UnknownOperation
from .pool.call import copy
from .pool.operation import PoolOperation, make_handle
from .pool.pool import Pool
from .pool.questions import Ending
from .pool.waiters import wait
from .projection import list_actions, project
from .row import Row
from .tasks import Task
from .windows import Handle

if TYPE_CHECKING:
    from django.forms import BaseForm


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
    return intake.submit(*intake.prepare(owner, Task.of(task), args, kwargs))


def submit_once(
    owner: str, task: Task, form_key: str, kwargs: Mapping[str, Any]
) -> Handle:
    """Submit a form once: the same key and input again give the same handle."""
    pool, operation = intake.prepare(owner, task, (), kwargs)
    operation.form_key = digest_form(task.name, form_key, kwargs)
    return intake.submit(pool, operation)


def window(owner: str) -> tuple[Row, ...]:
    """Return the owner's operations, newest first; looking keeps the window alive."""
    windows.check_owner(owner)
    pool = pools.current()
    if pool is None:
        return ()
    found = windows.read(owner, touch=True)
    memory = pool.ledger.memory
    return tuple(
        [
            _row(pool, handle, operation, found.used_monotonic)
            for handle in found.handles
            if (operation := memory.get(handle.id)) is not None
        ]
    )


def row(owner: str, id: str) -> Row:
    """Return one operation of the owner; looking keeps the window alive.

    Raises:
        UnknownOperation: The owner's window does not name it.
    """
    pool, handle, operation, used = _find(owner, id)
    return _row(pool, handle, operation, used)


def _row(
    pool: Pool, handle: Handle, operation: PoolOperation, used_monotonic: float
) -> Row:
    is_waiting = operation.status is Status.READY
    position = pool.position(operation) if is_waiting else None
    is_finished = operation.is_finished
    return project(
        handle,
        operation,
        used_monotonic=used_monotonic,
        clock=pool.clock,
        position=position,
        eta_seconds=None if is_finished else pool.estimate(operation, position),
    )


def _find(owner: str, id: str) -> tuple[Pool, Handle, PoolOperation, float]:
    windows.check_owner(owner)
    pool = pools.current()
    if pool is not None:
        found = windows.read(owner, touch=True)
        for handle in found.handles:
            operation = pool.ledger.memory.get(id)
            if handle.id == id and operation is not None:
                return pool, handle, operation, found.used_monotonic
    raise UnknownOperation(id)


def is_known(owner: str, id: str) -> bool:
    """Return whether the owner's window names an operation."""
    try:
        _find(owner, id)
    except UnknownOperation:
        return False
    return True


def task_of(owner: str, id: str) -> Task:
    """Return the task of one operation of the owner.

    Raises:
        UnknownOperation: The owner's window does not name it.
    """
    return _find(owner, id)[2].task


def cancel(owner: str, id: str) -> None:
    """Cancel an operation; again is allowed and changes nothing.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: It has finished otherwise, or it runs and is not cancellable.
    """
    pool, _, operation, _ = _find(owner, id)
    spare_running = not operation.task.cancellable
    is_cancelled, change = pool.ledger.cancel(operation, spare_running=spare_running)
    if not is_cancelled:
        raise Conflict("cancel", id, operation.status)
    pool.follow(change)
    signals.send_changed(owner)


def dismiss(owner: str, id: str) -> None:
    """Forget a finished operation now.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: It has not finished.
    """
    with windows.lock:  # or it might be retried between the check and its removal
        pool, _, operation, _ = _find(owner, id)
        if not operation.is_finished:
            raise Conflict("dismiss", id, operation.status)
        change = pool.ledger.forget(operation)
        windows.keep(owner, {one.id for one in pool.ledger.memory.of(owner)})
    pool.follow(change)
    signals.send_changed(owner)


def retry(owner: str, id: str) -> Handle:
    """Run a failed or cancelled operation anew, in the old one's place of the window.

    Where an unfinished operation has equal unique arguments its handle is returned, and
    nothing is changed.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: It is unfinished or ended well.
        QueueFull, ClientFull, Closed: It was refused, and nothing was changed.
    """
    with windows.lock:  # or two clicks would run it twice
        pool, old, operation, _ = _find(owner, id)
        status, call = operation.status, operation.item
        if "retry" not in list_actions(
            status, is_cancelling=False, is_cancellable=True
        ):
            raise Conflict("retry", id, status)
        owner = cast("str", operation.owner)
        again = intake.make_operation(pool, owner, call.again(), operation.client)
        again.handle = make_handle(again, old.label, old.shown)
        again.unique_key = operation.unique_key
        known = intake.find_repeated(pool, again)
        if known is not None:
            return known
        mates = pool.ledger.memory.of(owner)
        if operation not in mates:  # it has just been evicted
            raise UnknownOperation(id)
        change = intake.accept(pool, again, (operation,), mates.index(operation))
    return intake.start(pool, again, change)


def read_input(owner: str, id: str) -> tuple[Row, dict[str, Any]]:
    """Return a finished operation's row and the arguments that it holds, by name.

    Uploaded files are left out.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: It is unfinished, or its arguments are no longer held.
    """
    pool, handle, operation, used = _find(owner, id)
    call = operation.item  # once: its end drops it on another thread
    if not operation.is_finished or call is None:
        raise Conflict("again", id, operation.status)
    return _row(pool, handle, operation, used), call.arguments()


def answer(
    owner: str,
    id: str,
    number: int,
    answer: str | None = None,
    *,
    data: Mapping[str, Any] | None = None,
    files: Mapping[str, Any] | None = None,
    make_form: Callable[..., BaseForm] | None = None,
) -> Row:
    """Answer the question that the operation asks; the first valid answer counts.

    Args:
        owner: The owner's key.
        id: The operation's id.
        number: The question's, as its row gives it.
        answer: One of the choices.
        data: What was sent of the form, where the question has one.
        files: The uploads among it, which are copied.
        make_form: Makes the bound form of the class, ``data`` and ``files``; by default
            the class is called with the two.

    Returns:
        The row, without the question.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: That question is not open, perhaps no more.
        InvalidAnswer: It is none of the choices, or the form refused it. In each case
            nothing was changed.
    """
    pool, handle, operation, used = _find(owner, id)
    question = operation.question
    if question is None or question.number != number:
        raise Conflict("answer", id, operation.status)
    given: Any
    if question.form is None:
        given = question.check_choice(answer)
    else:
        form = (make_form or _call)(question.form, data=data or {}, files=files or {})
        given = copy(question.check_form(form))
    is_first, change = pool.ledger.end_question(
        operation, question, Ending.ANSWERED, given
    )
    if not is_first:
        raise Conflict("answer", id, operation.status)
    pool.follow(change)
    # Not found anew: what has just been forgotten was answered nevertheless.
    return _row(pool, handle, operation, used)


def _call(form_class: type[BaseForm], **arguments: Any) -> BaseForm:
    return form_class(**arguments)


def result(owner: str, id: str) -> Any:
    """Return what the operation returned.

    Raises:
        UnknownOperation: The owner's window does not name it.
        NotFinished: It has not finished.
        OperationFailed: It failed; the error holds the sentence and the reference.
        OperationCancelled: It was cancelled.
    """
    return _find(owner, id)[2].outcome()


def fetch(owner: str, id: str) -> tuple[Row, Any]:
    """Return an operation's row and what it returned, in one look.

    Raises:
        UnknownOperation, NotFinished, OperationFailed, OperationCancelled: As for
            ``result``.
    """
    pool, handle, operation, used = _find(owner, id)
    return _row(pool, handle, operation, used), operation.outcome()


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
    pool, _, operation, _ = _find(owner, id)
    if not operation.is_finished:
        try:
            await asyncio.wait_for(wait(pool.loop, operation), timeout)
        except TimeoutError:
            raise NotFinished(id) from None
    return operation.outcome()


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
    return _find(owner, id)[2].output_nowait(start, attempt, limit=limit)


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
    pool, _, operation, _ = _find(owner, id)
    buffer = pool.ledger.open_output(operation)
    if attempt is None:  # 0 is a reader's that saw no attempt: the first is news to it
        attempt = buffer.attempt or None
    with suppress(TimeoutError):
        await asyncio.wait_for(operation.wait_for_output(start, attempt), timeout)
    return output(owner, id, start, attempt, limit=limit)


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
