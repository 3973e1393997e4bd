"""Answering the questions of bodies, and collecting what they write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .. import pool as pools
from .. import signals
from ..core.testing import PATIENCE_SECONDS
from ..pool.operation import PoolOperation
from ..pool.waiters import wait_in_thread
from ..row import RowQuestion
from ..submission import answer, output, row

Answer = str | Mapping[str, Any] | Callable[[RowQuestion], Any]
"""A choice, the data of a form, or a function of the question that returns either."""


@contextmanager
def answering(*answers: Answer) -> Iterator[list[RowQuestion]]:
    """Answer the questions that bodies ask within the block, in this order.

    In every mode: a body goes on as if its owner had answered at once. Gives the list
    of the questions that were asked so far.

    Args:
        answers: One of the choices, or a mapping with a form's data, for each question;
            or a function that gets the question and returns the answer.

    Raises:
        AssertionError: At the end of the block: a question had no answer left, or its
            answer was refused. Its operation was cancelled then.
    """
    answerer = _Answerer(answers)
    disconnect = signals.connect(changed=answerer.look, ended=_ignore)
    try:
        yield answerer.asked
    finally:
        disconnect()
    if answerer.complaints:
        raise AssertionError("\n".join(answerer.complaints))


def collect_output(owner: str, id: str, timeout: float = PATIENCE_SECONDS) -> str:
    """Wait for an operation's end and return what it wrote.

    Raises:
        AssertionError: It goes on after ``timeout`` seconds.
        UnknownOperation: The owner's window does not name it.
    """
    row(owner, id)
    pool = pools.get()
    operation = pool.ledger.find(id)
    if operation is not None and not wait_in_thread(pool.loop, operation, timeout):
        raise AssertionError(f"operation {id} is unfinished after {timeout:g} s")
    return output(owner, id).text


class _Answerer:
    """Gives each question the next answer; called on whatever thread asks."""

    def __init__(self, answers: tuple[Answer, ...]) -> None:
        self._answers = [*answers]
        self.asked: list[RowQuestion] = []
        self.complaints: list[str] = []
        self._seen: set[tuple[str, int]] = set()
        self._lock = threading.Lock()
        """Protects the fields above: bodies on several threads may ask at once. It is
        held for a look only; an answer leads here again."""

    def look(self, owner: str) -> None:
        """Answer what the owner's operations ask."""
        for operation in pools.get().ledger.memory.of(owner):
            question = row(owner, operation.id).question
            if question is not None and self._is_new(operation.id, question):
                self._answer(owner, operation, question)

    def _is_new(self, id: str, question: RowQuestion) -> bool:
        with self._lock:
            is_new = (id, question.number) not in self._seen
            if is_new:
                self._seen.add((id, question.number))
                self.asked.append(question)
            return is_new

    def _answer(
        self, owner: str, operation: PoolOperation, question: RowQuestion
    ) -> None:
        try:
            given = self._next(question)
            is_form = isinstance(given, Mapping)
            answer(
                owner,
                operation.id,
                question.number,
                None if is_form else given,
                data=given if is_form else None,
            )
        except Exception as error:  # on a thread of the pool's, where nobody sees it
            self._complain(operation, f"{question.text!r}: {error}")

    def _next(self, question: RowQuestion) -> Any:
        with self._lock:
            if not self._answers:
                raise LookupError("no answer is left")
            given = self._answers.pop(0)
        return given(question) if callable(given) else given

    def _complain(self, operation: PoolOperation, complaint: str) -> None:
        with self._lock:
            self.complaints.append(complaint)
        pool = pools.get()
        pool.follow(pool.ledger.cancel(operation)[1])


def _ignore(owner: str) -> None:
    """Do nothing at an owner's end: its questions are gone."""
