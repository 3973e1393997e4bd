"""The routes of one host of a site whose middleware chooses the URLconf."""

from django.urls import include, path

from tests.web.urls import page

urlpatterns = [
    path("", page),
    path("desk/tasks/", include("ephemeral_tasks.urls")),
]
