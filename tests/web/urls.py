"""A page with a form and a table, beside the package's routes."""

from django.contrib.auth import alogin, alogout, get_user_model
from django.contrib.auth import login as django_login
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

from ephemeral_tasks import aowner_of, owner_of, submit
from tests.web import tasks

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


def plain_submit(request):
    """A plain view that submits by itself."""
    submit(owner_of(request), tasks.web_echo, text="a", language="es")
    return HttpResponse()


def own_page(request):
    """A form that depends on who is logged in."""
    source = '{% load ephemeral_tasks %}{% task_media %}{% task_form "web_own" %}'
    return HttpResponse(engines["django"].from_string(source).render({}, request))


async def single_page(request):
    """One operation by itself, with a badge, as the query says."""
    await aowner_of(request, create=False)
    source = (
        "{% load ephemeral_tasks %}{% task_count %}"
        "{% task_row request.GET.id then=request.GET.then %}"
    )
    return HttpResponse(engines["django"].from_string(source).render({}, request))


async def careless_page(request):
    """An async view that forgot to ask for the owner."""
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


async def login(request):
    """The visitor is logged in as the user that the query names."""
    name = request.GET.get("name", "ann")
    user, _ = await get_user_model().objects.aget_or_create(username=name)
    await alogin(request, user)
    return HttpResponse()


def plain_login(request):
    """The same from a plain view."""
    user, _ = get_user_model().objects.get_or_create(username=request.GET["name"])
    django_login(request, user)
    return HttpResponse()


async def flush(request):
    """The session is emptied, without a look at it before."""
    await request.session.aflush()
    return HttpResponse()


def plain_flush(request):
    """The same from a plain view."""
    request.session.flush()
    return HttpResponse()


def clear(request):
    """The session is emptied and goes on."""
    request.session.clear()
    return HttpResponse()


async def logout(request):
    """The visitor is logged out."""
    await alogout(request)
    return HttpResponse()


urlpatterns = [
    path("", page, name="page"),
    path("plain/", plain_page),
    path("plain-submit/", plain_submit),
    path("own/", own_page),
    path("single/", single_page),
    path("careless/", careless_page),
    path("login/", login),
    path("plain-login/", plain_login),
    path("flush/", flush),
    path("plain-flush/", plain_flush),
    path("clear/", clear),
    path("logout/", logout),
    path("tasks/", include("ephemeral_tasks.urls")),
]
