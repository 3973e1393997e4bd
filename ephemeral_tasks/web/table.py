"""The table's wrapper, which stays on the page around the swapped fragment."""

from __future__ import annotations

import json
import logging
import sys
from functools import cache

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest
from django.http.request import HttpHeaders
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from ..conf import get_config
from ..errors import Unreachable
from ..registry import registry
from . import forms, processes
from .pages import Page
from .rows import render_rows, render_unreachable

# Whoever serves the websocket has imported it, before the first request.
_ROUTING = "ephemeral_tasks.web.routing"

logger = logging.getLogger("ephemeral_tasks")


def render_table(
    request: HttpRequest, page: Page, *, owner: str | None, is_live: bool | None = None
) -> SafeString:
    """Return the table with its wrapper.

    Args:
        request: Of the page, or of a form on it.
        page: What is active.
        owner: None for a visitor without a submission.
        is_live: None for a page. For an answer that is swapped in by its ids: True
            where the wrapper with its socket stands already, so that the rows are
            enough; False where it had no owner.
    """
    try:
        html, _ = render_rows(owner, page, is_oob=bool(is_live))
    except Unreachable:
        html = render_unreachable(page)
    if is_live:
        return mark_safe(html)  # noqa: S308  # a template's output
    context = {
        "config": get_config(),
        "has_owner": owner is not None,
        "headers": json.dumps({_csrf_header(): get_token(request)}),
        "is_oob": is_live is not None,
        "is_spread": processes.is_proved() and _is_staff(request),
        "label": _label_of(page),
        "logs_errors": get_config().log_errors and _is_staff(request),
        "next": forms.page_url(request),
        "page": page,
        "rows": mark_safe(html),  # noqa: S308  # a template's output
        "socket_url": None if page.is_count else _socket_url(request, page, owner),
    }
    name = "count" if page.is_count else "table"
    return mark_safe(  # noqa: S308  # a template's output
        render_to_string(f"ephemeral_tasks/{name}.html", context, request)
    )


def _is_staff(request: HttpRequest) -> bool:
    try:
        return bool(getattr(getattr(request, "user", None), "is_staff", False))
    except SynchronousOnlyOperation:  # an async view that has not loaded the user
        return False


def _socket_url(request: HttpRequest, page: Page, owner: str | None) -> str | None:
    # Only a request that came over ASGI has a scope; WSGI serves no websocket.
    if owner is None or not hasattr(request, "scope"):
        return None
    if _ROUTING not in sys.modules:
        _warn_that_nobody_routes()
        return None
    return page.socket_url()


@cache
def _warn_that_nobody_routes() -> None:
    """Say once that each socket would be an error of the server."""
    logger.warning(
        "the ASGI application has no websocket for tables, so they are polled: import "
        "get_asgi_application in asgi.py from ephemeral_tasks.asgi, not from "
        "django.core.asgi, or route ephemeral_tasks.routing.websocket_urlpatterns"
    )


def _csrf_header() -> str:
    name = HttpHeaders.parse_header_name(settings.CSRF_HEADER_NAME)
    return name or "X-CSRFToken"


def _label_of(page: Page) -> str | None:
    names = {task.name: task.label_for() for task in registry.list_exposed()}
    return None if page.task is None else names.get(page.task, page.task)
