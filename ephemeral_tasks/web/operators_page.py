"""The operators' page: a page, its live part for htmx, JSON, and confirmations."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import pgettext

from .. import operators
from ..operators import Overview
from .decorators import FRAGMENT_HEADER
from .operators_absence import answer_unreachable
from .operators_actions import ACTIONS, Action, Done
from .operators_charts import list_minutes, make_charts
from .operators_figures import list_figures, list_tasks
from .operators_log import record
from .operators_query import REFRESHES, FilterForm, Query, read_query
from .operators_rights import VIEW, may, require, rights_of
from .operators_warnings import is_asgi, list_warnings

_ROWS = 50
_LOOK, _ACT = ("GET", "HEAD"), ("GET", "HEAD", "POST")
_FOLDER = "admin/ephemeral_tasks"


@answer_unreachable
def show_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Answer with the page, or with its live part where htmx asks."""
    require(request, VIEW)
    if request.method not in _LOOK:
        return HttpResponseNotAllowed(_LOOK)
    query = read_query(request)
    overview = operators.overview(task=query.task, state=query.state, rows=_ROWS)
    is_fragment = request.headers.get("HX-Request") == "true"
    context = _live_context(request, query, overview)
    if not is_fragment:
        context |= _page_context(request, site, query, overview)
    name = "operators_live" if is_fragment else "operators"
    response = TemplateResponse(request, f"{_FOLDER}/{name}.html", context)
    if is_fragment:
        response.headers[FRAGMENT_HEADER] = "fragment"
    else:
        query.remember(response, request.path)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _live_context(
    request: HttpRequest, query: Query, overview: Overview
) -> dict[str, Any]:
    now = overview.statistics
    return {
        "overview": overview,
        "statistics": now,
        "query": query,
        "rights": rights_of(request.user),
        "warnings": list_warnings(overview, is_asgi=is_asgi(request)),
        "figures": [] if now is None else list_figures(now),
        "charts": make_charts(overview.samples),
        "minutes": list_minutes(overview.samples),
        "tasks": list_tasks(overview),
    }


def _page_context(
    request: HttpRequest, site: AdminSite, query: Query, overview: Overview
) -> dict[str, Any]:
    form = FilterForm(request.GET)
    form.offer(one.task for one in list_tasks(overview) if one.task)
    return {
        **site.each_context(request),
        "title": pgettext("operation", "Operations"),
        "form": form,
        "refreshes": REFRESHES,
    }


@partial(answer_unreachable, is_json=True)
def show_data(request: HttpRequest) -> HttpResponse:
    """Answer with the same as JSON."""
    require(request, VIEW)
    if request.method not in _LOOK:
        return HttpResponseNotAllowed(_LOOK)
    query = read_query(request)
    overview = operators.overview(task=query.task, state=query.state, rows=_ROWS)
    found = list_warnings(overview, is_asgi=is_asgi(request))
    return JsonResponse(
        {**asdict(overview), "warnings": [asdict(one) for one in found]}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an action was asked for."""

    request: HttpRequest
    site: AdminSite
    query: Query

    @property
    def page(self) -> str:
        """The page as it was filtered, or the admin's index for users who may not."""
        if not may(self.request.user, VIEW):
            return reverse("admin:index", current_app=self.site.name)
        name = "admin:ephemeral_tasks_pool_changelist"
        return reverse(name, current_app=self.site.name) + self.query.encoded


@answer_unreachable
def act(
    request: HttpRequest, site: AdminSite, name: str, target: str = ""
) -> HttpResponse:
    """Ask for a confirmation, or do what was confirmed and lead back to the page."""
    action = ACTIONS[name]
    require(request, action.right)
    if request.method not in _ACT:
        return HttpResponseNotAllowed(_ACT)
    place = _Place(request=request, site=site, query=read_query(request))
    form = action.form(request.POST) if request.method == "POST" else _fill(action)
    if not (form.is_bound and form.is_valid()):
        return _confirm(place, action, target, form)
    done = action.do(target, form.cleaned_data)
    if done.is_effective:
        record(request.user, name, target=done.target, details=done.details)
    _say(request, done)
    return HttpResponseRedirect(place.page)


def _fill(action: Action) -> Any:
    """Return the action's form with the values of now."""
    if "limit" not in action.form.base_fields:
        return action.form()
    now = operators.overview(rows=0).statistics
    return action.form(initial={} if now is None else {"limit": now.max_running})


def _confirm(place: _Place, action: Action, target: str, form: Any) -> HttpResponse:
    context = {
        **place.site.each_context(place.request),
        "title": action.title,
        "action": action,
        "question": action.question(target),
        "form": form,
        "back": place.page,
    }
    name = f"{_FOLDER}/operators_confirm.html"
    return TemplateResponse(place.request, name, context)


def _say(request: HttpRequest, done: Done) -> None:
    level = messages.SUCCESS if done.is_effective else messages.WARNING
    messages.add_message(request, level, done.sentence)
