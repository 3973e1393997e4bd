"""What a running body asks its owner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from enum import Enum
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext

from ..core.clock import TimerHandle
from ..core.errors import OperationCancelled
from ..core.validation import check_seconds
from ..core.values import plain_text
from ..errors import InvalidAnswer, NotAnswered
from ..machine import process
from ..machine.pickles import find_problem
from .waiters import LoopWaiter

if TYPE_CHECKING:
    from django.forms import BaseForm

MAX_CHOICES = 10
MAX_CHOICE_CHARACTERS = 100


class Ending(Enum):
    """How a question ended."""

    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Question:
    """A question, from ``ask`` until the body has its answer.

    Number, time and ending are written under the ledger's lock. It wakes the body
    later, on the pool's loop, after what follows from the ending was done there.
    """

    __slots__ = (
        "_answer",
        "_choices",
        "_woken",
        "asked_monotonic",
        "ending",
        "form",
        "number",
        "text",
        "timeout",
        "timer",
    )

    def __init__(
        self,
        text: object,
        *,
        choices: object = None,
        form: object = None,
        timeout: float | None = None,
    ) -> None:
        """Make a question that nobody sees yet.

        Raises:
            TypeError: Neither or both of choices and form, or no texts or form class.
            ValueError: Too many, equal or long choices, or one of several lines; a form
                with a field ``number``; a time-out out of range.
        """
        if (choices is None) == (form is None):
            raise TypeError("a question takes either choices or a form")
        check_seconds("timeout", timeout)
        self.text = plain_text(text)
        """As its owner reads it."""
        self._choices = {} if choices is None else _check_choices(choices)
        """What is returned, by what is shown."""
        self.form: type[BaseForm] | None = None if form is None else _check_form(form)
        self.timeout = timeout
        self.number = 0
        """From 1, over all attempts of its operation; 0 before it is asked."""
        self.asked_monotonic = 0.0
        self.ending: Ending | None = None
        self._answer: Any = None
        """Written before the ending."""
        self._woken: Future[None] = Future()
        self.timer: TimerHandle | None = None
        """Its time-out; on the loop."""

    @property
    def choices(self) -> tuple[str, ...] | None:
        """The choices as its owner reads them; None for a form."""
        return tuple(self._choices) if self.form is None else None

    # -- answering ---------------------------------------------------------------------

    def check_choice(self, answer: object) -> Any:
        """Return the choice that an answer means.

        Raises:
            InvalidAnswer: It is none of them.
        """
        if isinstance(answer, str) and answer in self._choices:
            return self._choices[answer]
        raise InvalidAnswer({"answer": [gettext("Choose one of the answers.")]})

    # -- ending ------------------------------------------------------------------------

    def end(self, ending: Ending, answer: Any = None) -> None:
        """Note how it ended; under the ledger's lock."""
        self._answer = answer
        self.ending = ending

    def outcome(self, id: str) -> Any:
        """Return the answer, once; for the body.

        Raises:
            NotAnswered: Its time is over.
            OperationCancelled: Its operation, with this id, was cancelled.
        """
        if self.ending is Ending.EXPIRED:
            raise NotAnswered(self.timeout or 0.0)
        if self.ending is not Ending.ANSWERED:
            raise OperationCancelled(id)
        answer, self._answer = self._answer, None
        return answer

    def wake(self) -> None:
        """Wake whatever waits for its end."""
        if not self._woken.done():
            self._woken.set_result(None)

    def wait(self) -> None:
        """Block the thread until its end."""
        self._woken.result()

    async def await_end(self) -> None:
        """Wait on the running loop until its end."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._woken.add_done_callback(_waker(LoopWaiter(waiter)))
        await waiter


def check_answer(form: BaseForm) -> Mapping[str, Any]:
    """Return the cleaned data of a bound form.

    Raises:
        InvalidAnswer: The form refuses it.
    """
    if form.is_valid():
        cleaned: Mapping[str, Any] = form.cleaned_data
        return cleaned
    messages = form.errors.get_json_data()
    fields = {
        name: [str(one["message"]) for one in found] for name, found in messages.items()
    }
    raise InvalidAnswer(fields, form)


def _waker(waiter: LoopWaiter) -> Callable[[object], None]:
    return lambda _: waiter.set_result(None)


def _check_choices(choices: object) -> dict[str, Any]:
    """Return what a choice is returned as, by what is shown of it."""
    if not isinstance(choices, tuple | list):
        raise TypeError(f"choices must be a tuple of texts, got {choices!r}")
    if not 1 <= len(choices) <= MAX_CHOICES:
        raise ValueError(f"choices must be 1 to {MAX_CHOICES}, got {len(choices)}")
    found: dict[str, Any] = {}
    for choice in choices:
        if not isinstance(choice, str | Promise):
            raise TypeError(f"choices must be texts, got {type(choice).__name__}")
        text = plain_text(choice)
        if not 1 <= len(text) <= MAX_CHOICE_CHARACTERS:
            raise ValueError(
                f"a choice must have 1 to {MAX_CHOICE_CHARACTERS} characters, "
                f"got {len(text)}"
            )
        if "\n" in text or "\r" in text:
            # A browser sends each line break as CR LF, which is another text.
            raise ValueError(f"a choice must be one line, got {text!r}")
        if text in found:
            raise ValueError(f"choices must differ, got {text!r} twice")
        found[text] = choice
    return found


def _check_form(form: object) -> type[BaseForm]:
    from django.forms import BaseForm

    if not isinstance(form, type) or not issubclass(form, BaseForm):
        raise TypeError(f"form must be a form class, got {form!r}")
    if "number" in getattr(form, "base_fields", ()):
        # In a program's answer the question's number stands beside the form's fields.
        raise ValueError(
            "form must have no field 'number', which names the question, "
            f"got {form.__qualname__}"
        )
    problem = find_problem(form) if process.is_shared() else ""
    if problem:
        raise TypeError(f"form must be at the top of its module, {problem}")
    return form
