"""What a page renders its table under, and what a socket gives back of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any, Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.core import signing
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone, translation

SOCKET_PATH = "ws/tasks/"

_signer = signing.Signer(salt="ephemeral_tasks.page")

WRAPPER = "ephemeral-tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Language, time zone, script prefix and the task whose rows are shown."""

    language: str | None
    """None where translation is off."""
    time_zone: str | int
    """A key of the time zone database, or a fixed offset in minutes."""
    script_prefix: str
    task: str | None = None
    """None for all tasks."""

    @classmethod
    def current(cls, task: str | None = None) -> Self:
        """Return what is active in this thread or coroutine."""
        return cls(
            language=translation.get_language(),
            time_zone=_named(timezone.get_current_timezone()),
            script_prefix=get_script_prefix(),
            task=task,
        )

    @classmethod
    def unsign(cls, value: str | None) -> Self:
        """Return what ``sign`` had, or what is active when it is not ours."""
        if value is None:
            return cls.current()
        try:
            language, time_zone, script_prefix, task = _signer.unsign_object(value)
        except signing.BadSignature:
            return cls.current()
        return cls(
            language=language,
            time_zone=time_zone,
            script_prefix=script_prefix,
            task=task,
        )

    def sign(self) -> str:
        """Return the page as a text that fits a URL; equal pages give equal ones."""
        values = (self.language, self.time_zone, self.script_prefix, self.task)
        return _signer.sign_object(values)

    def socket_url(self) -> str:
        """Return the path of a socket that renders as this page does."""
        return f"{self.script_prefix}{SOCKET_PATH}?{urlencode({'page': self.sign()})}"

    @contextmanager
    def activate(self) -> Iterator[None]:
        """Within the block everything is rendered as on the page."""
        before = get_script_prefix()
        with (
            translation.override(self.language),
            timezone.override(_zone(self.time_zone)),
        ):
            set_script_prefix(self.script_prefix)
            try:
                yield
            finally:
                set_script_prefix(before)

    @property
    def id(self) -> str:
        """The wrapper's id; the part after its first 16 characters names the task."""
        return WRAPPER if self.task is None else f"{WRAPPER}-{self.task}"

    @property
    def rows_id(self) -> str:
        """The id of what is polled, pushed and swapped."""
        return f"{self.id}-rows"

    @property
    def live_id(self) -> str:
        """The id of the live region."""
        return f"{self.id}-live"

    @property
    def actions_id(self) -> str:
        """The id of the form that the rows' buttons belong to."""
        return f"{self.id}-actions"

    @property
    def query(self) -> str:
        """What the URLs of the rows' actions end with."""
        return "" if self.task is None else "?" + urlencode({"task": self.task})


def task_of(wrapper_id: str) -> str | None:
    """Return which task's rows a wrapper shows, None for all.

    Raises:
        ValueError: It is no wrapper's id.
    """
    if wrapper_id == WRAPPER:
        return None
    task = wrapper_id.removeprefix(f"{WRAPPER}-")
    if task == wrapper_id or not task.isidentifier():
        raise ValueError(f"no id of a table: {wrapper_id!r}")
    return task


def _named(zone: tzinfo) -> str | int:
    if isinstance(zone, ZoneInfo) and zone.key:
        return zone.key
    offset = zone.utcoffset(None) or timedelta()
    return int(offset.total_seconds() // 60)


def _zone(named: str | int) -> Any:
    return named if isinstance(named, str) else timezone.get_fixed_timezone(named)
