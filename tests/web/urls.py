"""A page with a form and a table, beside the package's routes."""

from django.contrib.auth import alogout
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

from ephemeral_tasks import aowner_of

PAGE = """{% load ephemeral_tasks %}<!DOCTYPE html><title>Page</title>
{% task_media %}{% task_form "web_echo" %}{% task_table %}
{% task_table task="web_echo" %}"""


async def page(request):
    """What a site's async view does before it renders our tags."""
    await aowner_of(request, create=False)
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


def plain_page(request):
    """The same page from a plain view."""
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


def own_page(request):
    """A form that depends on who is logged in."""
    source = '{% load ephemeral_tasks %}{% task_media %}{% task_form "web_own" %}'
    return HttpResponse(engines["django"].from_string(source).render({}, request))


async def careless_page(request):
    """An async view that forgot to ask for the owner."""
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


async def logout(request):
    """The visitor is logged out."""
    await alogout(request)
    return HttpResponse()


urlpatterns = [
    path("", page, name="page"),
    path("plain/", plain_page),
    path("own/", own_page),
    path("careless/", careless_page),
    path("logout/", logout),
    path("tasks/", include("ephemeral_tasks.urls")),
]
