"""URLs of the demo: its two apps, the routes of `ephemeral_tasks`, and the admin."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("demo_site.editor.urls")),
    path("ask/", include("demo_site.ask.urls")),
    path("tasks/", include("ephemeral_tasks.urls")),
    path("admin/", admin.site.urls),
]
