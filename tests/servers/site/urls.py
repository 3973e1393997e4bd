"""The package's routes and a few of the tests' own."""

import gc
import os
import sys

from django.contrib import auth
from django.http import HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import ensure_csrf_cookie

from ephemeral_tasks import aowner_of, aresult, pool, submit, window
from ephemeral_tasks.machine import process as machine
from tests import heap_search
from tests.servers.site.tasks import until_noted


@ensure_csrf_cookie
def process(request):
    """The id of the process that answers, and the cookie that posts need."""
    return HttpResponse(str(os.getpid()))


def log_in(request, name):
    """The visitor is this user, who belongs to the staff when the name says so."""
    users = auth.get_user_model().objects
    user, _ = users.get_or_create(username=name, defaults={"is_staff": name == "staff"})
    auth.login(request, user)
    return HttpResponse()


def log_out(request):
    """The visitor is nobody."""
    auth.logout(request)
    return HttpResponse()


async def wait(request, name):
    """What the operation of that name returns, as soon as it does."""
    owner = await aowner_of(request)
    handle = submit(owner, until_noted, name)
    return HttpResponse(await aresult(owner, handle.id))


def count(request):
    """What the pool counts, and the part that this process has in it."""
    statistics = pool.statistics()
    names = ("running", "waiting", "accepted", "refused", "owners")
    counts = {name: getattr(statistics, name) for name in names}
    return JsonResponse(counts | {"is_host": machine.is_host(), "pid": os.getpid()})


def heap(request, backwards):
    """What of this process refers to a text, which is given backwards."""
    return JsonResponse({"found": heap_search.find(backwards)})


def calls(request, count):
    """How many blocks this process has after so many calls."""
    for _ in range(count):
        window("a" * 32)
    gc.collect()
    return JsonResponse({"blocks": sys.getallocatedblocks()})


urlpatterns = [
    path("process/", process),
    path("count/", count),
    path("heap/<backwards>/", heap),
    path("calls/<int:count>/", calls),
    path("login/<name>/", log_in),
    path("logout/", log_out),
    path("wait/<name>/", wait),
    path("tasks/", include("ephemeral_tasks.urls")),
]
