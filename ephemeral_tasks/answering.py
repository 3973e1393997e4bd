"""Answering what an operation asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .errors import Conflict
from .lookup import Found, find
from .machine.table import Kind
from .machine.verbs import verb
from .pool.call import copy_all, keep_all
from .pool.questions import Ending, Question, check_answer
from .row import Row

if TYPE_CHECKING:
    from django.forms import BaseForm

MakeForm = Callable[..., "BaseForm"]
"""Makes the bound form of a class, ``data`` and ``files``."""


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
    form_class = read_form(owner, id, number)
    if form_class is None:
        return give_choice(owner, id, number, answer)
    form = (make_form or _call)(form_class, data=data or {}, files=files or {})
    return give_values(owner, id, number, keep_all(check_answer(form)))


async def aanswer(
    owner: str, id: str, number: int, answer: str | None, form: BaseForm | None
) -> Row:
    """Answer with a choice, or with a bound form that was validated.

    Arguments and errors are those of ``answer``.
    """
    if form is None:
        return await give_choice.acall(owner, id, number, answer)
    return await give_values.acall(owner, id, number, keep_all(check_answer(form)))


@verb(Kind.LOOK)
def read_form(owner: str, id: str, number: int) -> type[BaseForm] | None:
    """Return the form class of an open question; None for one with choices.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: That question is not open.
    """
    return _open(find(owner, id), number).form


@verb(Kind.CHANGE)
def give_choice(owner: str, id: str, number: int, answer: str | None) -> Row:
    """Answer an open question with one of its choices, and return the row.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: That question is not open.
        InvalidAnswer: It is none of the choices. In each case nothing was changed.
    """
    found = find(owner, id)
    question = _open(found, number)
    return _end(found, question, question.check_choice(answer))


@verb(Kind.CHANGE)
def give_values(owner: str, id: str, number: int, values: Mapping[str, Any]) -> Row:
    """Answer an open question with what its form cleaned, and return the row.

    Args:
        owner: The owner's key.
        id: The operation's id.
        number: The question's.
        values: The cleaned data, as ``keep_all`` returns it.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: That question is not open. In each case nothing was changed.
    """
    found = find(owner, id)
    return _end(found, _open(found, number), copy_all(values))


def _open(found: Found, number: int) -> Question:
    operation = found.operation
    question = operation.question
    if question is None or question.number != number:
        raise Conflict("answer", operation.id, operation.status)
    return question


def _end(found: Found, question: Question, given: Any) -> Row:
    pool, operation = found.pool, found.operation
    is_first, change = pool.ledger.end_question(
        operation, question, Ending.ANSWERED, given
    )
    if not is_first:
        raise Conflict("answer", operation.id, operation.status)
    pool.follow(change)
    # Not found anew: what has just been forgotten was answered nevertheless.
    return found.row()


def _call(form_class: type[BaseForm], **arguments: Any) -> BaseForm:
    return form_class(**arguments)
