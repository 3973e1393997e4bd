"""``path("tasks/", include("ephemeral_tasks.urls"))``."""

from .web.urls import app_name, urlpatterns

__all__ = ["app_name", "urlpatterns"]
