"""``settings.EPHEMERAL_TASKS`` as one frozen record."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

NAME = "EPHEMERAL_TASKS"

_RUNNING = min(32, (os.cpu_count() or 1) + 4)
_HOUR = 3600.0
_MEBIBYTE = 2**20
_MAX_SECONDS = 1e9  # over 30 years; instants far beyond do not fit a datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """What a setting's value must be."""

    kinds: tuple[type, ...]
    minimum: float | None = None
    is_minimum_allowed: bool = True
    choices: tuple[str, ...] = ()
    may_be_none: bool = False

    def __str__(self) -> str:
        if self.choices:
            return " or ".join(repr(choice) for choice in self.choices)
        words = {
            int: "a whole number",
            float: "a number of seconds",
            list: "a tuple of strings",
            str: "a string",
        }
        kind = words.get(self.kinds[-1], "True or False")
        sign = ">=" if self.is_minimum_allowed else ">"
        bound = "" if self.minimum is None else f" {sign} {self.minimum:g}"
        if float in self.kinds:
            bound += f" and <= {_MAX_SECONDS:g}"
        return f"{kind}{bound}{' or None' if self.may_be_none else ''}"

    def allows(self, value: object) -> bool:
        """Return whether the value is of the kind and within the bound."""
        if value is None:
            return self.may_be_none
        is_odd_bool = isinstance(value, bool) and bool not in self.kinds
        if is_odd_bool or not isinstance(value, self.kinds):
            return False
        if isinstance(value, tuple | list):
            return all(isinstance(one, str) for one in value)
        if self.choices:
            return value in self.choices
        if self.minimum is None or not isinstance(value, int | float):
            return True
        return self._is_within_bounds(value)

    def _is_within_bounds(self, value: float) -> bool:
        if self.minimum is None or math.isnan(value):
            return False
        if float in self.kinds and value > _MAX_SECONDS:
            return False
        return (
            value >= self.minimum if self.is_minimum_allowed else value > self.minimum
        )


def _whole(default: int, *, minimum: int = 1) -> Any:
    return field(default=default, metadata={"rule": Rule((int,), minimum)})


def _seconds(default: float, *, may_be_zero: bool = False) -> Any:
    rule = Rule((int, float), 0, is_minimum_allowed=may_be_zero)
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting with its default; the keys are the names in capitals."""

    window_size: int = _whole(5)
    """Operations that a window names."""

    when_window_full: str = field(
        default="push", metadata={"rule": Rule((str,), choices=("push", "refuse"))}
    )
    """Push the oldest out, or refuse while all are unfinished."""

    max_age_seconds: float = _seconds(6 * _HOUR)
    """How long a handle lives after its submission."""

    idle_seconds: float = _seconds(1 * _HOUR)
    """How long a window lives after its last use."""

    sweep_seconds: float = _seconds(30.0)
    """How long something may outlive its handle."""

    max_running: int = field(default=_RUNNING, metadata={"rule": Rule((int,), 1)})
    """Operations that run at once in this process."""

    max_running_per_owner: int | None = field(
        default=max(1, _RUNNING // 2),
        metadata={"rule": Rule((int,), 1, may_be_none=True)},
    )
    """Operations of one owner that run at once; half of ``max_running`` by default, at
    least 1; None for no bound."""

    max_waiting: int = _whole(1000, minimum=0)
    """Operations that wait, or ask their owner; one more is refused."""

    owner: str = field(
        default="session", metadata={"rule": Rule((str,), choices=("session", "user"))}
    )
    """What owns a logged-in visitor's operations: the session, or the user in all
    browsers. Other visitors' operations belong to their sessions."""

    client_of: str | None = field(
        default=None, metadata={"rule": Rule((str,), may_be_none=True)}
    )
    """Dotted path of a function that names the client of a request or of a socket's
    scope, an address for example; all owners of one client then take turns as one."""

    max_waiting_per_client: int = _whole(100)
    """Operations of one client that wait or ask; one more is refused."""

    unowned_size: int = _whole(1000, minimum=0)
    """Finished operations without an owner that are kept for ``get_result``."""

    cache_alias: str | None = field(
        default=None, metadata={"rule": Rule((str,), may_be_none=True)}
    )
    """A key of ``CACHES`` for the windows; None for a private local-memory cache."""

    context_vars: Sequence[str] = field(
        default=(), metadata={"rule": Rule((tuple, list))}
    )
    """Dotted paths of context variables whose values at the submission the body sees,
    too; harmless ones, for they live as long as the arguments."""

    pool: str = field(
        default="process",
        metadata={"rule": Rule((str,), choices=("process", "machine"))},
    )
    """One pool for each process, or one for all processes of this machine."""

    pool_dir: str | None = field(
        default=None, metadata={"rule": Rule((str,), may_be_none=True)}
    )
    """With ``POOL = "machine"``, the folder in which the processes meet, of mode 0700;
    None for one below the user's runtime or temporary folder."""

    max_kept_bytes: int = _whole(256 * _MEBIBYTE)
    """Arguments, outputs and results that are kept in all, estimated."""

    max_owners: int = _whole(20_000)
    """Windows that are kept."""

    max_result_bytes: int = _whole(16 * _MEBIBYTE)
    """The largest result; a larger one fails its operation."""

    max_input_bytes: int = _whole(1 * _MEBIBYTE)
    """The largest body of a request."""

    poll_seconds: float = _seconds(2.0)
    """The pause between two polls."""

    max_sockets_per_owner: int = _whole(10)
    """Open websockets of one owner."""

    drain_seconds: float = _seconds(10.0, may_be_zero=True)
    """How long accepted work may go on when the process ends."""

    lag_warning_seconds: float = _seconds(0.25)
    """How long a body may block the loop before a warning names it."""

    log_errors: bool = field(default=False, metadata={"rule": Rule((bool,))})
    """Log the full traceback of a failed operation; ``DEBUG`` by default."""


RULES: Mapping[str, Rule] = {
    record.name.upper(): record.metadata["rule"] for record in fields(Config)
}


def find_problems(given: object) -> Iterator[str]:
    """Yield what is wrong with the setting, a sentence each."""
    if not isinstance(given, Mapping):
        yield f"{NAME} must be a dict, got {given!r}"
        return
    for key, value in given.items():
        rule = RULES.get(key)
        if rule is None:
            yield f"{NAME} has no key {key!r}; known: {', '.join(sorted(RULES))}"
        elif not rule.allows(value):
            yield f"{NAME}[{key!r}] must be {rule}, got {value!r}"


@cache
def get_config() -> Config:
    """Return the settings, checked.

    Raises:
        ImproperlyConfigured: A key is unknown or a value out of range; the message
            names all of them.
    """
    given = getattr(settings, NAME, {})
    if found := list(find_problems(given)):
        raise ImproperlyConfigured("; ".join(found))
    values = {key.lower(): value for key, value in given.items()}
    running = values.get("max_running", _RUNNING)
    defaults = {
        "log_errors": settings.DEBUG,
        "max_running_per_owner": max(1, running // 2),
    }
    return Config(**{**defaults, **values})


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting in {NAME, "DEBUG"}:
        get_config.cache_clear()


setting_changed.connect(_forget)
