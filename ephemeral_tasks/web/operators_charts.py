"""The last 15 minutes as charts: paths for inline SVG, and the same in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.formats import localize
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext, pgettext_lazy

from ..pool.samples import KEPT_SAMPLES, SAMPLE_SECONDS, Sample
from .durations import format_short

WIDTH, HEIGHT = KEPT_SAMPLES, 40
_PER_MINUTE = int(60 / SAMPLE_SECONDS)

_COUNTS: tuple[tuple[str, Promise, Callable[[Sample], int]], ...] = (
    ("started", pgettext_lazy("operation", "Started"), lambda sample: sample.started),
    ("ended", pgettext_lazy("operation", "Ended"), lambda sample: sample.ended),
    ("failed", pgettext_lazy("operation", "Failed"), lambda sample: sample.failed),
    ("refused", pgettext_lazy("operation", "Refused"), lambda sample: sample.refused),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One row of bars, the newest at the right."""

    name: str
    title: str
    words: str
    """What it shows, for those who do not see it."""

    path: str
    """The ``d`` of a path in a box of 180 by 40; empty for none but zeros."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What happened in one minute."""

    ago: int
    """It began so many minutes ago, or the newest sample is that old."""

    values: tuple[str, ...]
    """One for each chart."""


def make_charts(samples: Sequence[Sample]) -> list[Chart]:
    """Return the charts of samples, of which the oldest comes first."""
    charts = [
        _count(name, str(title), [value(sample) for sample in samples])
        for name, title, value in _COUNTS
    ]
    return [*charts, _chart_waits(samples)]


def _count(name: str, title: str, values: list[int]) -> Chart:
    peak = max(values, default=0)
    words = gettext("%(total)s in 15 minutes, at most %(peak)s in 5 seconds")
    return Chart(
        name=name,
        title=title,
        words=words % {"total": localize(sum(values)), "peak": localize(peak)},
        path=draw_bars(values),
    )


def _chart_waits(samples: Sequence[Sample]) -> Chart:
    values = [sample.longest_wait_seconds for sample in samples]
    words = gettext("%(peak)s in 15 minutes, %(last)s in the last 5 seconds")
    return Chart(
        name="waits",
        title=gettext("Longest wait"),
        words=words
        % {
            "peak": _format_wait(max(values, default=0.0)),
            "last": _format_wait(values[-1] if values else 0.0),
        },
        path=draw_bars(values),
    )


def _format_wait(seconds: float) -> str:
    """Return a wait in words; one below a millisecond is none."""
    return format_short(seconds) if seconds >= 0.001 else pgettext("operation", "none")


def draw_bars(values: Sequence[float]) -> str:
    """Return a path with one bar for each value above zero, the last at the right."""
    top = max(values, default=0)
    left = WIDTH - len(values)
    bars = []
    for index, value in enumerate(values):
        if value > 0:
            height = max(1.0, round(HEIGHT * value / top, 1))
            bars.append(f"M{left + index} {HEIGHT}v-{height:g}h1v{height:g}z")
    return "".join(bars)


def list_minutes(samples: Sequence[Sample]) -> list[Minute]:
    """Return the charts' values by minute, the newest first."""
    minutes: list[Minute] = []
    for end in range(len(samples), 0, -_PER_MINUTE):
        part = samples[max(0, end - _PER_MINUTE) : end]
        counts = [localize(sum(map(value, part))) for _, _, value in _COUNTS]
        wait = max(sample.longest_wait_seconds for sample in part)
        values = (*map(str, counts), _format_wait(wait))
        minutes.append(Minute(ago=len(minutes) + 1, values=values))
    return minutes
