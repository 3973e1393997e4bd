"""Seconds in words."""

from __future__ import annotations

from django.utils.formats import localize
from django.utils.translation import gettext, ngettext


def format_short(seconds: float) -> str:
    """Return how long something took: "0.4 s", "12 s", "3 min 5 s", "2 h 10 min"."""
    if seconds < 9.95:
        tenths = round(max(seconds, 0.1), 1)
        return gettext("%(seconds)s s") % {"seconds": localize(tenths)}
    whole = round(seconds)
    if whole < 60:
        return gettext("%(seconds)s s") % {"seconds": whole}
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        values = {"minutes": minutes, "seconds": rest}
        return gettext("%(minutes)d min %(seconds)d s") % values
    hours, minutes = divmod(round(seconds / 60), 60)
    return gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}


def format_long(seconds: float) -> str:
    """Return a span for a sentence, in its largest whole unit: "6 hours"."""
    whole = max(1, round(seconds))
    if whole % 3600 == 0:
        count = whole // 3600
        return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}
    if whole % 60 == 0:
        count = whole // 60
        return ngettext("%(count)d minute", "%(count)d minutes", count) % {
            "count": count
        }
    return ngettext("%(count)d second", "%(count)d seconds", whole) % {"count": whole}
