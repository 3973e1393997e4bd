"""The admin beside the package's routes."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("tasks/", include("ephemeral_tasks.urls")),
]
