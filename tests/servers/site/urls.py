"""The package's routes and a few of the tests' own."""

import os

from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import ensure_csrf_cookie


@ensure_csrf_cookie
def process(request):
    """The id of the process that answers, and the cookie that posts need."""
    return HttpResponse(str(os.getpid()))


urlpatterns = [
    path("process/", process),
    path("tasks/", include("ephemeral_tasks.urls")),
]
