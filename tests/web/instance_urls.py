"""Our routes under another instance's name."""

from django.urls import include, path

from tests.web.urls import page

urlpatterns = [
    path("page/", page),
    path("jobs/tasks/", include("ephemeral_tasks.urls", namespace="jobs")),
]
