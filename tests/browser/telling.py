"""A task that tells a story line by line, and a page that shows it meanwhile."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.urls import path

from ephemeral_tasks import aowner_of, owner_of, submit, task
from tests.browser.engine import gates

LINES = 40
LONG = "a long line of sixteen words that is written again and again and again\n" * 3000
PAGE = """{% load ephemeral_tasks %}<!doctype html>
<html lang="en" dir="DIRECTION"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Story</title>{% task_media htmx=HTMX %}</head><body class="ephemeral-tasks-page">
<h1>Story</h1>{% task_output id %}TABLE</body></html>"""

FRAGMENT = """<div hx-get="{% url 'ephemeral_tasks:output' id %}" hx-trigger="load">
</div>"""


def line(number):
    """One line of the story."""
    return f"Line {number}: <b>once</b> upon a time\n"


def story(first, last):
    """The lines from one to another."""
    return "".join(map(line, range(first, last + 1)))


@task(label="Story")
async def tell(gate):
    """Yield a line, and another one each time that the gate lets it."""
    for number in range(1, LINES + 1):
        yield line(number)
        await gates[gate].passed()


@task(label="Story")
async def tell_at_length(gate):
    """Yield more than fits one answer, and the last line once the gate lets it."""
    yield LONG
    await gates[gate].passed()
    yield "The end"


@task(label="Story", max_attempts=2, backoff=lambda attempt, error: 0)
async def tell_again(gate):
    """Yield a line and fail at the gate; then another story."""
    if not gates[gate].is_passed():
        yield "The first try\n"
        await gates[gate].passed()
        gates[gate].let_through(1)
        raise ConnectionError
    yield "The second try\n"
    await gates[f"{gate}-2"].passed()


TASKS = {each.name: each for each in (tell, tell_at_length, tell_again)}


async def start(request, name, gate):
    """The story is being told; the page that shows it."""
    owner = await aowner_of(request)
    handle = submit(owner, TASKS[name], gate=gate)
    return redirect(f"/telling/{handle.id}/?{request.GET.urlencode()}")


def page(request, id):
    """The story, with a table unless the query says that it stands alone."""
    owner_of(request, create=False)
    source = PAGE.replace("DIRECTION", request.GET.get("direction", "ltr"))
    source = source.replace("HTMX", "4" if "four" in request.GET else "2")
    if "fragment" in request.GET:
        source = source.replace("{% task_output id %}", FRAGMENT)
    table = "" if "alone" in request.GET else "{% task_table %}"
    source = source.replace("TABLE", table)
    return HttpResponse(
        engines["django"].from_string(source).render({"id": id}, request)
    )


def icon(request):
    """Nothing: the browser asks for it by itself."""
    return HttpResponse(status=204)


urlpatterns = [
    path("favicon.ico", icon),
    path("telling/<id>/", page),
    path("telling/<name>/<gate>/", start),
]
