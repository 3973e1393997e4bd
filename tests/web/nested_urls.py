"""Our routes below another app's namespace."""

from django.urls import include, path

from tests.web.urls import page

desk = [path("tasks/", include("ephemeral_tasks.urls"))]

urlpatterns = [
    path("page/", page),
    path("shop/", include((desk, "shop"), namespace="first")),
]
