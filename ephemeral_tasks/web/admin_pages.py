"""Pages in the look of Django's admin, about an action's operation."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode, urlsplit

import django
from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import Resolver404, get_script_prefix, resolve, reverse
from django.utils.translation import gettext

from .. import submission
from ..errors import UnknownOperation
from ..row import Row
from .decorators import route
from .next_page import own_path
from .owner import afind_owner
from .pages import Page
from .responses import html

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

TEMPLATE = "ephemeral_tasks/admin/operation.html"


@route("GET")
async def admin(request: HttpRequest, id: str) -> HttpResponse:
    """An operation, live, with the way back to the list that ``next`` names."""
    back = own_path(request, request.GET.get("next", ""))
    model_admin = None if back is None else find_model_admin(back)
    if back is None or model_admin is None:
        raise Http404("next leads to no list of the admin")
    owner = await afind_owner(request)
    # The admin's templates and permissions look into the database.
    return await sync_to_async(_render)(request, model_admin, owner, id, back)


def _render(
    request: HttpRequest,
    model_admin: ModelAdmin[Any],
    owner: str | None,
    id: str,
    back: str,
) -> HttpResponse:
    if not model_admin.admin_site.has_permission(request):
        return _ask_to_log_in(request, model_admin)
    row = _find_row(owner, id)
    title = row.label if row else gettext("This operation is gone, or it is not yours.")
    context = {**context_of(request, model_admin, title, back), "id": id}
    return html(render_to_string(TEMPLATE, context, request), 200 if row else 404)


def url_of(page: Page, id: str, back: str) -> str:
    """Return the address of an operation's page.

    Args:
        page: What is active.
        id: The operation's.
        back: The path and query of the list to which the page leads back.
    """
    return f"{page.url(id, 'admin')}?{urlencode({'next': back, **page.parameters})}"


def find_model_admin(back: str) -> ModelAdmin[Any] | None:
    """Return the ModelAdmin whose list has this path; None where there is none."""
    path = unquote(urlsplit(back).path).removeprefix(get_script_prefix())
    with suppress(Resolver404):
        # Django's ModelAdmin.get_urls() leaves it at each of its views.
        return getattr(resolve(f"/{path}").func, "model_admin", None)
    return None


def context_of(
    request: HttpRequest, model_admin: ModelAdmin[Any], title: object, back: str
) -> dict[str, Any]:
    """Return what the admin's own templates need; may look into the database."""
    site = model_admin.admin_site
    # The admin's templates reverse its addresses; a site may have several admins.
    request.current_app = site.name
    return {
        **site.each_context(request),
        "back": back,
        "has_list_of_crumbs": django.VERSION >= (6, 1),
        "opts": model_admin.opts,
        "title": title,
    }


def _find_row(owner: str | None, id: str) -> Row | None:
    with suppress(UnknownOperation):
        return None if owner is None else submission.row(owner, id)
    return None


def _ask_to_log_in(request: HttpRequest, model_admin: ModelAdmin[Any]) -> HttpResponse:
    from django.contrib.auth.views import redirect_to_login  # needs its models

    site = model_admin.admin_site
    login = reverse("admin:login", current_app=site.name)
    return redirect_to_login(request.get_full_path(), login)
