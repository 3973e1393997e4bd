"""The admin with its actions, without the package's routes."""

from django.urls import path

from tests.web.admin_urls import site

urlpatterns = [path("admin/", site.urls)]
