"""What operators may do: each action with its right, its question and its effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from .. import operators, pool
from ..errors import UnknownOperation
from .operators_rights import CANCEL, PAUSE, RESIZE

_MAX_LIMIT = 10_000  # threads, at most: a slip of the finger is no number


class NoFields(forms.Form):
    """Nothing but the confirmation."""


class LimitForm(forms.Form):
    """How many operations run at once."""

    limit = forms.IntegerField(
        min_value=1, max_value=_MAX_LIMIT, label=pgettext_lazy("operation", "Limit")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an action has led to."""

    sentence: str
    """For the operator."""

    target: str
    """What it was done to, for the log: in English and without content."""

    details: str = ""
    """What else the log says."""

    is_effective: bool = True
    """False where nothing was changed, and nothing is logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that an operator may do."""

    right: str
    title: Promise
    button: Promise
    question: Callable[[str], str]
    """Returns what is confirmed, for a target: an id, a task's name, or nothing."""

    do: Callable[[str, Mapping[str, Any]], Done]
    """Does it to a target, with the form's values."""

    form: type[forms.Form] = NoFields
    is_dangerous: bool = False
    """Whether it ends somebody's work."""


def _ask_pause(target: str) -> str:
    return gettext(
        "No more operations will start until you resume. Those that run go on, and "
        "visitors can still submit until the queue is full."
    )


def _pause(target: str, values: Mapping[str, Any]) -> Done:
    pool.pause()
    return Done(sentence=gettext("No more operations start."), target="pool")


def _ask_resume(target: str) -> str:
    return gettext("Waiting operations will start as slots are free.")


def _resume(target: str, values: Mapping[str, Any]) -> Done:
    pool.resume()
    return Done(sentence=gettext("Operations start again."), target="pool")


def _ask_resize(target: str) -> str:
    return gettext(
        "This many operations run at once, until the process ends. A smaller limit "
        "interrupts none: it is reached as operations end."
    )


def _resize(target: str, values: Mapping[str, Any]) -> Done:
    limit = values["limit"]
    pool.resize(limit)
    text = gettext("%(limit)s operations run at once from now on.")
    return Done(
        sentence=text % {"limit": limit}, target="pool", details=f"limit={limit}"
    )


def _ask_cancel(target: str) -> str:
    text = gettext(
        "Operation %(reference)s will be cancelled. Its owner sees that, and can try "
        "again."
    )
    return text % {"reference": target[:8]}


def _cancel(target: str, values: Mapping[str, Any]) -> Done:
    names = {"reference": target[:8]}
    logged = f"operation={target[:8]}"
    try:
        is_cancelled = operators.cancel_operation(target)
    except UnknownOperation:
        text = gettext("Operation %(reference)s is not known any more.")
        return Done(sentence=text % names, target=logged, is_effective=False)
    if not is_cancelled:
        text = gettext("Operation %(reference)s had finished.")
        return Done(sentence=text % names, target=logged, is_effective=False)
    text = gettext("Operation %(reference)s is cancelled.")
    return Done(sentence=text % names, target=logged)


def _ask_cancel_task(target: str) -> str:
    text = gettext(
        "All unfinished operations of the task “%(task)s” will be cancelled. Their "
        "owners see that, and can try again."
    )
    return text % {"task": target}


def _cancel_task(target: str, values: Mapping[str, Any]) -> Done:
    count = operators.cancel_task(target)
    text = ngettext(
        "%(count)s operation of the task “%(task)s” is cancelled.",
        "%(count)s operations of the task “%(task)s” are cancelled.",
        count,
    )
    return Done(
        sentence=text % {"count": count, "task": target},
        target=f"task={target!r}",
        details=f"count={count}",
        is_effective=count > 0,
    )


ACTIONS = {
    "pause": Action(
        right=PAUSE,
        title=pgettext_lazy("operation", "Pause"),
        button=pgettext_lazy("operation", "Pause"),
        question=_ask_pause,
        do=_pause,
    ),
    "resume": Action(
        right=PAUSE,
        title=pgettext_lazy("operation", "Resume"),
        button=pgettext_lazy("operation", "Resume"),
        question=_ask_resume,
        do=_resume,
    ),
    "resize": Action(
        right=RESIZE,
        title=_("Change the limit"),
        button=_("Change the limit"),
        question=_ask_resize,
        do=_resize,
        form=LimitForm,
    ),
    "cancel": Action(
        right=CANCEL,
        title=_("Cancel an operation"),
        button=_("Cancel the operation"),
        question=_ask_cancel,
        do=_cancel,
        is_dangerous=True,
    ),
    "cancel_task": Action(
        right=CANCEL,
        title=_("Cancel all of a task"),
        button=_("Cancel them all"),
        question=_ask_cancel_task,
        do=_cancel_task,
        is_dangerous=True,
    ),
}
