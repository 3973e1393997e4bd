"""Our routes below two namespaces, with a variable between them."""

from django.urls import include, path

from tests.web.below_urls import page_below

desk = [path("tasks/", include("ephemeral_tasks.urls"))]
orgs = [path("<slug:org>/", include((desk, "desk")))]

urlpatterns = [
    path("shop/<slug:org>/page/<int:number>/", page_below),
    path("shop/", include((orgs, "orgs"))),
]
