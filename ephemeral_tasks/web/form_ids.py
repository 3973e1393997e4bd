"""The ids of the forms of a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from django.http import HttpRequest
from django.utils.crypto import get_random_string

from ..tasks import Task
from .audience import Audience, audience_of

_COUNT = "_ephemeral_tasks_forms"  # a request's attribute: forms rendered for its page
_SUFFIX = re.compile(r"-\w{1,8}", re.ASCII)
DJANGOS_AUTO_ID = "id_%s"


@dataclass(frozen=True, slots=True)
class FormIds:
    """The ids of one form; a page may have many forms of one task."""

    task: str
    """The task's name."""
    suffix: str = ""
    """Empty for the first form of a page, which keeps Django's ids of fields, too."""

    @classmethod
    def next_of(cls, request: HttpRequest, task: Task) -> Self:
        """Return ids that no other form of the page has."""
        number = getattr(request, _COUNT, 0) + 1
        setattr(request, _COUNT, number)
        if audience_of(request) is Audience.HTMX:  # its page may have forms already
            return cls(task.name, f"-{get_random_string(6)}")
        return cls(task.name, "" if number == 1 else f"-{number}")

    @classmethod
    def sent_by(cls, request: HttpRequest, task: Task) -> Self:
        """Return the ids of the form that htmx sent, which names itself."""
        sender = request.headers.get("HX-Trigger", "")
        suffix = sender.removeprefix(cls(task.name).form_id)
        is_ours = sender != suffix and _SUFFIX.fullmatch(suffix)
        return cls(task.name, suffix if is_ours else "")

    @property
    def form_id(self) -> str:
        """The id of the form."""
        return f"task-form-{self.task}{self.suffix}"

    @property
    def key_id(self) -> str:
        """The id of the field with the one-time key."""
        return f"task-key-{self.task}{self.suffix}"

    @property
    def status_id(self) -> str:
        """The id of the element for sentences about the form as a whole."""
        return f"task-status-{self.task}{self.suffix}"

    @property
    def auto_id(self) -> str:
        """The pattern of the fields' ids, as Django's forms take it."""
        return f"id{self.suffix}_%s"
