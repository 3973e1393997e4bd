"""A page's rendering context: language, zone, addresses, filter; signed into a URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo
from typing import Any, Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.urls import (
    get_script_prefix,
    get_urlconf,
    reverse,
    set_script_prefix,
    set_urlconf,
)
from django.utils import timezone, translation

from ..core.ids import is_id
from .language import LANGUAGE_PARAMETER
from .mount import APP_NAME, find_mount

SOCKET_PATH = "ws/tasks/"
WRAPPER = "ephemeral-tasks"
COUNT = f"{WRAPPER}--count"  # no task has this name
UNKNOWN = "unknown"  # stands for every text that is no operation's id

_signer = signing.Signer(salt="ephemeral_tasks.page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page's rendering context, the same for its polls and its socket."""

    language: str | None
    """None where translation is off."""
    time_zone: str | int
    """A key of the time zone database, or a fixed offset in minutes."""
    script_prefix: str
    """What all URLs of the site begin with."""
    urlconf: str | None
    """The request's own URLconf, None for the site's."""
    mount: str | None
    """The path of the table's route; None where the URLconf has no route of ours."""
    task: str | None = None
    """The task whose rows are shown; None for all."""
    operation: str | None = None
    """The id of the operation that is shown by itself, ``unknown`` where a text that is
    no id was named; None for a table."""
    then: str | None = None
    """The path that is opened once that operation has ended well; of the own host."""
    is_count: bool = False
    """Whether only the number of unfinished operations is shown."""

    @classmethod
    def current(
        cls, task: str | None = None, *, request: HttpRequest | None = None
    ) -> Self:
        """Return the context that is active in this thread or coroutine.

        Args:
            task: The task whose rows are shown; None for all.
            request: Its URL gives the values for routes below a variable, such as
                ``path("<slug:org>/tasks/", include("ephemeral_tasks.urls"))``.
        """
        return cls(
            language=translation.get_language(),
            time_zone=_name_of_zone(timezone.get_current_timezone()),
            script_prefix=get_script_prefix(),
            urlconf=_name_of_urlconf(),
            mount=find_mount(request),
            task=task,
        )

    @classmethod
    def unsign(cls, value: str | None) -> Self:
        """Return the signed page, or the active one when the signature is not ours."""
        if value is None:
            return cls.current()
        try:
            language, time_zone, prefix, urlconf, mount, *shown = _signer.unsign_object(
                value
            )
            task, operation, then, is_count = shown
        # A page that another version of the package has rendered has other values.
        except (signing.BadSignature, ValueError):
            return cls.current()
        return cls(
            language=language,
            time_zone=time_zone,
            script_prefix=prefix,
            urlconf=urlconf,
            mount=mount,
            task=task,
            operation=operation,
            then=then,
            is_count=is_count,
        )

    def of_operation(self, id: str, *, then: str | None) -> Self:
        """Return the context of one operation by itself."""
        return replace(self, operation=id if is_id(id) else UNKNOWN, then=then)

    def sign(self) -> str:
        """Return the page as a text that fits a URL; equal pages give equal ones."""
        values = (
            self.language,
            self.time_zone,
            self.script_prefix,
            self.urlconf,
            self.mount,
            self.task,
            self.operation,
            self.then,
            self.is_count,
        )
        return _signer.sign_object(values)

    def socket_url(self) -> str:
        """Return the path of a socket that renders as this page does."""
        return f"{self.script_prefix}{SOCKET_PATH}?{urlencode({'page': self.sign()})}"

    @contextmanager
    def activate(self) -> Iterator[None]:
        """Within the block everything is rendered as on the page."""
        prefix, urlconf = get_script_prefix(), get_urlconf()
        with (
            translation.override(self.language),
            timezone.override(_zone_of(self.time_zone)),
        ):
            set_script_prefix(self.script_prefix)
            set_urlconf(self.urlconf)
            try:
                yield
            finally:
                set_urlconf(urlconf)
                set_script_prefix(prefix)

    @property
    def root(self) -> str:
        """The path of the table's route; all routes of ours lie below it.

        Raises:
            NoReverseMatch: The URLconf has no route of ours.
        """
        return reverse(f"{APP_NAME}:table") if self.mount is None else self.mount

    def url(self, *parts: str) -> str:
        """Return the path of a route of ours: ``url(id, "cancel")``."""
        return self.root + "".join(f"{part}/" for part in parts)

    @property
    def id(self) -> str:
        """The wrapper's id; the part after its first 16 characters names the task."""
        if self.is_count:
            return COUNT
        if self.operation is not None:
            return f"{WRAPPER}-operation-{self.operation}"
        return WRAPPER if self.task is None else f"{WRAPPER}-{self.task}"

    @property
    def rows_id(self) -> str:
        """The id of the rows' element, which is polled, pushed and swapped."""
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
    def parameters(self) -> dict[str, str]:
        """What the query of each address on the page says."""
        named = {
            "task": self.task,
            "operation": self.operation,
            "then": self.then,
            "count": "1" if self.is_count else None,
        }
        given = {name: value for name, value in named.items() if value is not None}
        return {**given, **self._language_parameter}

    @property
    def query(self) -> str:
        """What the URLs of the table, and of its rows' actions, end with."""
        return _query(self.parameters)

    @property
    def language_query(self) -> str:
        """What URLs end with that lead to all tasks' operations, or to one."""
        return _query(self._language_parameter)

    @property
    def _language_parameter(self) -> dict[str, str]:
        is_known = settings.USE_I18N and self.language is not None
        return {LANGUAGE_PARAMETER: str(self.language)} if is_known else {}


def _query(parameters: dict[str, str]) -> str:
    return f"?{urlencode(parameters)}" if parameters else ""


def page_of_wrapper(wrapper_id: str, request: HttpRequest) -> Page:
    """Return the active context with the filter of a table, or of a count.

    Raises:
        ValueError: It is no such wrapper's id.
    """
    if wrapper_id == COUNT:
        return replace(Page.current(request=request), is_count=True)
    if wrapper_id == WRAPPER:
        return Page.current(request=request)
    task = wrapper_id.removeprefix(f"{WRAPPER}-")
    if task == wrapper_id or not task.isidentifier():
        raise ValueError(f"wrapper_id must be a table's id, got {wrapper_id!r}")
    return Page.current(task, request=request)


def _name_of_urlconf() -> str | None:
    # Django's handler sets it for each request: ROOT_URLCONF, or `request.urlconf`,
    # which may be the module itself.
    active = get_urlconf()
    name = getattr(active, "__name__", active)
    is_own = isinstance(name, str) and name != settings.ROOT_URLCONF
    return name if is_own else None


def _name_of_zone(zone: tzinfo) -> str | int:
    if isinstance(zone, ZoneInfo) and zone.key:
        return zone.key
    offset = zone.utcoffset(None) or timedelta()
    return int(offset.total_seconds() // 60)


def _zone_of(named: str | int) -> Any:
    return named if isinstance(named, str) else timezone.get_fixed_timezone(named)
