"""A site that has many habits at once; its pages stand below their language."""

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path
from django.views.decorators.cache import cache_page

PAGE = """{% load ephemeral_tasks %}<!DOCTYPE html><title>Page</title>
{% task_media %}{% task_form "web_echo" %}{% task_table %}"""


def page(request):
    """A plain view, as most sites have them."""
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


urlpatterns = [
    path("tasks/", include("ephemeral_tasks.urls")),
    *i18n_patterns(
        path("page/", page),
        path("stored/", cache_page(60)(page)),
    ),
]
