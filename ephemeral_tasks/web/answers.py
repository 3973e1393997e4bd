"""Answers to what operations ask, from a request or a socket's message."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import forms
from django.forms import BaseForm
from django.http import HttpRequest

from .. import submission
from ..row import Row
from . import inputs
from .questions import prefix_of
from .refusals import InvalidInput


class _NumberForm(forms.Form):
    number = forms.IntegerField(min_value=1)


def number_in(values: Any) -> int:
    """Return the number of the question that is answered.

    Raises:
        InvalidInput: There is none.
    """
    form = _NumberForm(values)
    if not form.is_valid():
        raise InvalidInput("an answer names its question by number", form)
    number: int = form.cleaned_data["number"]
    return number


class Answer(NamedTuple):
    """What was sent for a question."""

    text: str | None
    """As a choice."""
    form: BaseForm | None
    """Bound and validated, where the question has one and is open."""


async def read_answer(
    owner: str,
    id: str,
    number: int,
    data: inputs.Data,
    files: inputs.Files | None = None,
    *,
    request: HttpRequest | None = None,
    is_from_row: bool = False,
) -> Answer:
    """Return what was sent for a question; its form is validated in a thread.

    Args:
        owner: The owner's key.
        id: The operation's id.
        number: The question's.
        data: ``answer``, or the fields of the question's form.
        files: Of an HTML form.
        request: None for a socket's message, which has none.
        is_from_row: Whether the names of the fields have the prefix of a row.

    Raises:
        UnknownOperation: The owner's window does not name it.
        InvalidInput: It came as JSON that the form cannot even validate.
    """
    question = (await submission.arow(owner, id)).question
    if question is not None and question.form is not None and question.number == number:
        prefix = prefix_of(id, number) if is_from_row else None
        form = await inputs.bind(
            question.form, data, files, request=request, prefix=prefix
        )
        return Answer(None, form)
    text = data.get("answer")
    return Answer(text if isinstance(text, str) else None, None)


async def give_answer(owner: str, id: str, number: int, answer: Answer) -> Row:
    """Answer the question and return the row; the first valid answer counts.

    Raises:
        UnknownOperation: The owner's window does not name it.
        Conflict: That question is not open.
        InvalidAnswer: It is none of the choices, or the form refused it.
    """
    return await submission.aanswer(owner, id, number, answer.text, answer.form)
