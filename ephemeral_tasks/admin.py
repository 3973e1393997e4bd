"""The operators' page in Django's admin, and what a site's ``admin.py`` takes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from .models import Pool
from .web import operators_page
from .web.admin_actions import task_action
from .web.operators_rights import VIEW, may

__all__ = ["task_action"]


@admin.register(Pool)
class PoolAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """Has one page, and no form: there are no rows."""

    def get_urls(self) -> list[URLPattern]:
        """Return the page's routes; each view checks the right that it needs."""
        routes = (
            ("", self.page, "changelist"),
            ("data/", self.data, "data"),
            ("pause/", self.pause, "pause"),
            ("resume/", self.resume, "resume"),
            ("resize/", self.resize, "resize"),
            ("cancel/<str:id>/", self.cancel, "cancel"),
            ("cancel-task/<str:task>/", self.cancel_task, "cancel_task"),
        )
        return [
            path(
                route,
                self.admin_site.admin_view(view),
                name=f"ephemeral_tasks_pool_{name}",
            )
            for route, view, name in routes
        ]

    # -- who sees it in the index ------------------------------------------------------

    def has_view_permission(
        self, request: HttpRequest, obj: Pool | None = None
    ) -> bool:
        """Return whether the page is for this user."""
        return may(request.user, VIEW)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return the same: other rights without this one lead to no page."""
        return may(request.user, VIEW)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Pool | None = None
    ) -> bool:
        """Return False."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Pool | None = None
    ) -> bool:
        """Return False."""
        return False

    # -- views -------------------------------------------------------------------------

    def page(self, request: HttpRequest) -> HttpResponse:
        """Answer with the page, or for htmx with its live part."""
        return operators_page.show_page(request, self.admin_site)

    def data(self, request: HttpRequest) -> HttpResponse:
        """Answer with the same as JSON."""
        return operators_page.show_data(request)

    def pause(self, request: HttpRequest) -> HttpResponse:
        """Start no more operations."""
        return self._act(request, "pause")

    def resume(self, request: HttpRequest) -> HttpResponse:
        """Start operations again."""
        return self._act(request, "resume")

    def resize(self, request: HttpRequest) -> HttpResponse:
        """Change how many run at once."""
        return self._act(request, "resize")

    def cancel(self, request: HttpRequest, id: str) -> HttpResponse:
        """Cancel an operation."""
        return self._act(request, "cancel", id)

    def cancel_task(self, request: HttpRequest, task: str) -> HttpResponse:
        """Cancel all unfinished operations of a task."""
        return self._act(request, "cancel_task", task)

    def _act(self, request: HttpRequest, name: str, *target: Any) -> HttpResponse:
        return operators_page.act(request, self.admin_site, name, *target)
