"""The settings of the translation service, read once."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from django.conf import settings

from demo_site.translation.specs import ALLOWED, BadSpec, Spec, parse

DEFAULTS = {
    "TRANSLATION_PROBE_SECONDS": 5.0,
    "TRANSLATION_TIMEOUT_SECONDS": 10.0,
    "TRANSLATION_PATIENCE_SECONDS": 60.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the settings say."""

    specs: tuple[Spec, ...]
    """The engines; none for Apertium, or the pseudo engine where that is missing."""

    probe_seconds: float
    """How often each engine is asked whether it is there."""

    timeout_seconds: float
    """How long a request to a server may take."""

    patience_seconds: float
    """How long a text is tried while no engine answers."""


class BadOption(ValueError):
    """A setting is wrong."""

    def __init__(self, name: str, message: str, hint: str) -> None:
        super().__init__(f"{name}: {message}; allowed: {hint}")
        self.name = name
        self.reason = message
        self.hint = hint
        """What is allowed."""


def read_options() -> Options:
    """Return the options.

    Raises:
        BadOption: The first setting that is wrong.
    """
    name = "TRANSLATION_ENGINES"
    try:
        specs = parse(getattr(settings, name, ""))
    except (BadSpec, TypeError) as error:
        raise BadOption(name, str(error), ALLOWED) from None
    probe, timeout, patience = map(_seconds, DEFAULTS)
    return Options(
        specs=specs,
        probe_seconds=probe,
        timeout_seconds=timeout,
        patience_seconds=patience,
    )


def _seconds(name: str) -> float:
    value = getattr(settings, name, DEFAULTS[name])
    try:
        seconds = float(value)  # also of an environment variable's text
    except (TypeError, ValueError):
        seconds = 0.0
    if not (isfinite(seconds) and seconds > 0):
        raise BadOption(name, f"got {value!r}", "a number of seconds above 0")
    return seconds
