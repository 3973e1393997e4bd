"""What the URL of the operators' page asks for: a filter, and a refresh."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import pgettext_lazy

from ..listings import STATES
from ..registry import registry

REFRESHES = (2, 5, 15, 0)
"""Seconds between two refreshes; 0 for none."""

_DEFAULT = 5
_COOKIE = "ephemeral_tasks_refresh"
_YEAR = 365 * 86400

STATE_NAMES = {
    "running": pgettext_lazy("operation", "Running"),
    "waiting": pgettext_lazy("operation", "Waiting"),
    "asking": pgettext_lazy("operation", "Asking"),
    "finished": pgettext_lazy("operation", "Finished"),
    "successful": pgettext_lazy("operation", "Done"),
    "failed": pgettext_lazy("operation", "Failed"),
    "cancelled": pgettext_lazy("operation", "Cancelled"),
}


_EVERY = ("", pgettext_lazy("operation", "All"))


class FilterForm(forms.Form):
    """Which operations are listed; works by GET, so that the filter is in the URL."""

    task = forms.CharField(
        required=False, max_length=200, label=pgettext_lazy("operation", "Task")
    )
    state = forms.ChoiceField(
        required=False,
        label=pgettext_lazy("operation", "State"),
        choices=[
            _EVERY,
            *((state, STATE_NAMES[state]) for state in STATES),
        ],
    )

    def offer(self, tasks: Iterable[str]) -> None:
        """Offer these tasks, and the declared ones."""
        names = {*tasks, *(task.name for task in registry.list_all())}
        # What the URL names is offered, too, or the page would show another filter.
        names |= {self["task"].value() or ""}
        choices = [
            _EVERY,
            *((name, name) for name in sorted(names - {""})),
        ]
        self.fields["task"].widget = forms.Select(choices=choices)


class _RefreshForm(forms.Form):
    refresh = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[(seconds, "") for seconds in REFRESHES],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A valid question for the page; what was invalid in the URL is left out."""

    task: str
    state: str
    refresh: int
    """One of ``REFRESHES``."""

    is_refresh_chosen: bool
    """Whether the URL says it."""

    @property
    def encoded(self) -> str:
        """The filter as the query of a URL; empty without one."""
        chosen = {"task": self.task, "state": self.state}
        given = urlencode({name: value for name, value in chosen.items() if value})
        return f"?{given}" if given else ""

    @property
    def is_filtered(self) -> bool:
        """Whether it leaves some operations out."""
        return bool(self.task or self.state)

    def remember(self, response: HttpResponse, path: str) -> None:
        """Keep the chosen refresh in the browser, for the page at this path."""
        if self.is_refresh_chosen:
            response.set_cookie(
                _COOKIE,
                str(self.refresh),
                max_age=_YEAR,
                path=path,
                httponly=True,
                samesite="Lax",
            )


def read_query(request: HttpRequest) -> Query:
    """Return what the URL asks for."""
    chosen = _valid(FilterForm(request.GET))
    refresh = _valid(_RefreshForm(request.GET)).get("refresh")
    kept = _valid(_RefreshForm({"refresh": request.COOKIES.get(_COOKIE)}))
    known = kept.get("refresh")
    return Query(
        task=chosen.get("task", ""),
        state=chosen.get("state", ""),
        refresh=next((one for one in (refresh, known) if one is not None), _DEFAULT),
        is_refresh_chosen=refresh is not None,
    )


def _valid(form: forms.Form) -> dict[str, Any]:
    """Return the values of the fields that are valid."""
    form.is_valid()
    return form.cleaned_data
