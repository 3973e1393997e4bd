"""The routes, for ``include("ephemeral_tasks.urls")``."""

from django.urls import path

from . import admin_pages, again, answer, health, output, start, views

app_name = "ephemeral_tasks"

urlpatterns = [
    path("", views.table, name="table"),
    path("health/", health.health, name="health"),
    path("start/<str:task>/", start.start, name="start"),
    path("<str:id>/", views.operation, name="operation"),
    path("<str:id>/result/", views.result, name="result"),
    path("<str:id>/output/", output.output, name="output"),
    path("<str:id>/answer/", answer.answer, name="answer"),
    path("<str:id>/cancel/", views.cancel, name="cancel"),
    path("<str:id>/dismiss/", views.dismiss, name="dismiss"),
    path("<str:id>/retry/", views.retry, name="retry"),
    path("<str:id>/again/", again.again, name="again"),
    path("<str:id>/admin/", admin_pages.admin, name="admin"),
]
