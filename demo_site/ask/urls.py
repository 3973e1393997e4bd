"""URLs of the page."""

from django.urls import path

from demo_site.ask import views

app_name = "ask"

urlpatterns = [path("", views.ask, name="ask")]
