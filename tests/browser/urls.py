"""The demo's routes, and one by which a test lets paragraphs through."""

from django.urls import include, path

from tests.browser import telling
from tests.browser.gates import let_through

urlpatterns = [
    path("gates/<name>/<int:count>/", let_through),
    *telling.urlpatterns,
    path("", include("demo_site.urls")),
]
