"""The demo's routes, and one by which a test lets paragraphs through."""

from django.http import HttpResponse
from django.urls import include, path

from tests.browser.engine import gates


def let_through(request, name, count):
    """The gate of that name has let so many more paragraphs through."""
    gates[name].let_through(count)
    return HttpResponse(status=204)


urlpatterns = [
    path("gates/<name>/<int:count>/", let_through),
    path("", include("demo_site.urls")),
]
