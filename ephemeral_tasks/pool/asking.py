"""Asking the owner from inside a body, and waiting for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from ..core.context import CURRENT, OperationContext
from .contexts import PoolContext
from .operation import PoolOperation
from .questions import Ending, Question

if TYPE_CHECKING:
    from django.forms import BaseForm

    from .coordinator import PoolCoordinator


def ask(
    question: object,
    *,
    choices: Sequence[object] | None = None,
    form: type[BaseForm] | None = None,
    timeout: float | None = None,
) -> Any:
    """Ask the owner of the running plain body, and block until there is an answer.

    Meanwhile the operation holds no slot, and the task's own time stands still.

    Args:
        question: A sentence; what is over 500 characters is cut.
        choices: 1 to 10 different texts of one short line; one of them is returned.
        form: A form class instead, whose ``cleaned_data`` is returned.
        timeout: Seconds to wait at most.

    Raises:
        NotAnswered: There was no answer in that time.
        OperationCancelled: The operation should end.
        RuntimeError: Outside an operation, in one without an owner, or in async code.
        TypeError, ValueError: The arguments break a rule; the message names it.
    """
    operation, host, attempt = _find_asker("ask")
    if operation.task.is_async or asyncio._get_running_loop() is not None:
        raise RuntimeError("ask() would block an event loop: write `await aask()`")
    asked = Question(question, choices=choices, form=form, timeout=timeout)
    while (other := host.ask(operation, asked, attempt)) is not asked:
        other.wait()
    asked.wait()
    return asked.outcome(operation.id)


async def aask(
    question: object,
    *,
    choices: Sequence[object] | None = None,
    form: type[BaseForm] | None = None,
    timeout: float | None = None,
) -> Any:
    """Ask the owner of the running body, and wait until there is an answer.

    Arguments and errors are those of ``ask``. Cancelling this call takes the question
    back.
    """
    operation, host, attempt = _find_asker("aask")
    asked = Question(question, choices=choices, form=form, timeout=timeout)
    while (other := host.ask(operation, asked, attempt)) is not asked:
        await other.await_end()
    try:
        await asked.await_end()
    finally:
        host.end_question(operation, asked, Ending.WITHDRAWN)
    return asked.outcome(operation.id)


def _find_asker(name: str) -> tuple[PoolOperation, PoolCoordinator, int]:
    """Return the operation whose body runs here, what runs it, and which attempt."""
    context: OperationContext | None = CURRENT.get()
    while context is not None and not isinstance(context, PoolContext):
        context = context.outer
    operation = None if context is None else context.operation
    if context is None or operation is None:
        raise RuntimeError(f"{name}() must be called inside the body of an operation")
    if operation.owner is None:
        raise RuntimeError(f"{name}() needs an owner, and this operation has none")
    return operation, cast("PoolCoordinator", operation.host), context.attempt
