"""What a call takes along of its caller: language, zone, context variables, trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Self

from django.utils import timezone, translation

from .. import tracing
from ..variables import capture_named, set_named
from .pickles import find_problem


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The caller's, as they were at the call."""

    language: str | None
    """The active language; None where translation is off."""
    zone: tzinfo | None
    """The active time zone; None for the default, which the host has, too."""
    variables: tuple[tuple[str, Any], ...]
    """The paths of ``CONTEXT_VARS`` that have a value here, and the values; none unless
    the call is a submission, whose body sees them."""
    origin: object
    """What the tracer links attempts to; None while nothing is traced."""

    @classmethod
    def capture(cls, *, has_variables: bool) -> Self:
        """Return those of this moment."""
        return cls(
            translation.get_language(),
            _find_zone(),
            capture_named() if has_variables else (),
            tracing.capture(),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by place, for each call: a dataclass's own way takes twice as long."""
        return type(self), (self.language, self.zone, self.variables, self.origin)

    def enter(self) -> None:
        """Make them those of the running context, to its end."""
        if self.language is None:
            translation.deactivate_all()
        else:
            translation.activate(self.language)
        if self.zone is None:
            timezone.deactivate()
        else:
            timezone.activate(self.zone)
        set_named(self.variables)
        tracing.stand_in(self.origin)


def _find_zone() -> tzinfo | None:
    """Return the active time zone; None for the default and where it cannot cross.

    A zone that was read from a file has no name by which another process could find it.
    """
    zone = timezone.get_current_timezone()
    if zone is timezone.get_default_timezone() or find_problem(zone):
        return None
    return zone
