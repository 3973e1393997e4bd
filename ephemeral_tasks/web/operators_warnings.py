"""What is wrong with the pool, each with the setting to change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.formats import localize
from django.utils.translation import gettext, ngettext

from ..operators import Overview
from ..pool.counters import PoolStatistics
from . import processes
from .durations import format_short

_NEAR = 0.9  # of a bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that is wrong."""

    code: str
    """For programs; never translated."""

    sentence: str
    settings: tuple[str, ...]
    """The names of what to change; may be empty."""


def list_warnings(overview: Overview, *, is_asgi: bool) -> list[Notice]:
    """Return what is wrong now, or was in the last 15 minutes."""
    found = [*_warn_of_site(is_asgi=is_asgi)]
    if overview.statistics is not None:
        found += _warn_of_loop(overview, overview.statistics)
        found += _warn_of_bounds(overview.statistics)
        found += _warn_of_refusals(overview)
    if overview.is_closed:
        sentence = gettext("The process is ending: it accepts nothing more.")
        found.append(Notice(code="closed", sentence=sentence, settings=()))
    return found


def is_asgi(request: HttpRequest) -> bool:
    """Return whether a request came through an ASGI server."""
    return hasattr(request, "scope")


def _warn_of_site(*, is_asgi: bool) -> Iterator[Notice]:
    if processes.is_proved():
        yield Notice(
            code="several_processes",
            sentence=gettext(
                "Several processes serve this site, each with a pool of its own: this "
                "page shows one of them, and visitors see rows come and go. Share one "
                "pool, or serve the site from one process."
            ),
            settings=("POOL", "WEB_CONCURRENCY"),
        )
    if not is_asgi:
        yield Notice(
            code="no_asgi",
            sentence=gettext(
                "The server uses WSGI, so there are no sockets: every open table is "
                "polled."
            ),
            settings=("ASGI_APPLICATION", "POLL_SECONDS"),
        )


def _warn_of_loop(overview: Overview, now: PoolStatistics) -> Iterator[Notice]:
    if now.loop_lag_seconds > overview.lag_warning_seconds:
        text = gettext(
            "A body blocks the event loop, which is %(lag)s late: all other operations "
            "wait for it. The log names it; declare it as a plain function."
        )
        yield Notice(
            code="loop_blocked",
            sentence=text % {"lag": format_short(now.loop_lag_seconds)},
            settings=("LAG_WARNING_SECONDS",),
        )
    if now.stuck:
        text = ngettext(
            "%(count)s cancelled or timed-out body still runs and keeps its slot. The "
            "log names it; call progress() in it.",
            "%(count)s cancelled or timed-out bodies still run and keep their slots. "
            "The log names them; call progress() in them.",
            now.stuck,
        )
        yield Notice(
            code="stuck",
            sentence=text % {"count": localize(now.stuck)},
            settings=("MAX_RUNNING",),
        )


def _warn_of_bounds(now: PoolStatistics) -> Iterator[Notice]:
    taken = now.waiting + now.asking
    if now.max_waiting and taken >= now.max_waiting:
        text = gettext("The queue is full: %(count)s operations wait or ask.")
        yield Notice(
            code="queue_full",
            sentence=text % {"count": localize(taken)},
            settings=("MAX_WAITING", "MAX_RUNNING"),
        )
    if now.kept_bytes >= _NEAR * now.max_kept_bytes:
        text = gettext(
            "%(kept)s of %(bound)s are kept: the oldest results are forgotten before "
            "their time."
        )
        sizes = {
            "kept": filesizeformat(now.kept_bytes),
            "bound": filesizeformat(now.max_kept_bytes),
        }
        yield Notice(
            code="memory",
            sentence=text % sizes,
            settings=("MAX_KEPT_BYTES", "MAX_RESULT_BYTES", "IDLE_SECONDS"),
        )
    if now.owners >= _NEAR * now.max_owners:
        text = gettext(
            "%(count)s of %(bound)s owners have operations: the oldest results are "
            "forgotten before their time."
        )
        counts = {"count": localize(now.owners), "bound": localize(now.max_owners)}
        yield Notice(
            code="owners",
            sentence=text % counts,
            settings=("MAX_OWNERS", "IDLE_SECONDS"),
        )


def _warn_of_refusals(overview: Overview) -> Iterator[Notice]:
    refused: Counter[str] = Counter()
    for sample in overview.samples:
        refused.update(sample.refused_by_reason)
    if count := refused.total():
        text = ngettext(
            "%(count)s submission was refused in the last 15 minutes.",
            "%(count)s submissions were refused in the last 15 minutes.",
            count,
        )
        settings = tuple(name for name, _ in refused.most_common())
        sentence = text % {"count": localize(count)}
        yield Notice(code="refused", sentence=sentence, settings=settings)
