"""The package's routes, mounted as its README mounts them."""

from django.urls import include, path

urlpatterns = [path("tasks/", include("ephemeral_tasks.urls"))]
