"""What is asked of the server while it is measured."""

import asyncio
import os
import resource
import time
from pathlib import Path

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path

from benchmarks import bodies
from ephemeral_tasks import submit

from .sockets import broadcast


async def empty(request: HttpRequest) -> HttpResponse:
    """The floor of a poll."""
    return HttpResponse()


async def visitor(request: HttpRequest) -> HttpResponse:
    """The floor of whatever knows its visitor: the session is read, nothing else."""
    await request.session.aget("anything")
    return HttpResponse()


async def hold(request: HttpRequest, owner: str) -> HttpResponse:
    """Fill an owner's window with five that run on."""
    for _ in range(5):
        submit(owner, bodies.hold)
    await asyncio.sleep(0.2)
    return HttpResponse()


async def tick(request: HttpRequest, owner: str, count: int) -> HttpResponse:
    """Submit an operation that reports the time repeatedly."""
    delay = float(request.GET["delay"])
    submit(owner, bodies.tick, count=count, delay=delay)
    return HttpResponse()


async def stream(request: HttpRequest, owner: str, count: int) -> HttpResponse:
    """Submit an operation that writes the time repeatedly."""
    delay = float(request.GET["delay"])
    handle = submit(owner, bodies.stream, count=count, delay=delay)
    return JsonResponse({"id": handle.id})


async def told(request: HttpRequest, how: str) -> HttpResponse:
    """Tell all sockets of a kind, and say what it took."""
    return JsonResponse(await broadcast(how))


async def usage(request: HttpRequest) -> HttpResponse:
    """Processor seconds and resident bytes of this process."""
    return JsonResponse({"cpu": time.process_time(), "resident": _resident()})


def _resident() -> int:
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: bytes, the most


urlpatterns = [
    path("tasks/", include("ephemeral_tasks.urls")),
    path("empty/", empty),
    path("visitor/", visitor),
    path("hold/<owner>/", hold),
    path("tick/<owner>/<int:count>/", tick),
    path("stream/<owner>/<int:count>/", stream),
    path("told/<how>/", told),
    path("usage/", usage),
]
