"""The health of this process, for load balancers."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse

from .. import pool
from .decorators import route


# A load balancer cannot log in, and the answer holds nothing private.
@login_not_required
@route("GET")
async def health(request: HttpRequest) -> HttpResponse:
    """Counts and a word; 503 while a submission would be refused or would not run."""
    running = waiting = 0
    if pool.current() is not None:  # a health check starts no thread
        statistics = pool.statistics()
        running = statistics.running
        waiting = statistics.waiting + statistics.retrying
    is_healthy = pool.is_healthy()
    body = {
        "status": "ok" if is_healthy else "unavailable",
        "running": running,
        "waiting": waiting,
    }
    return JsonResponse(body, status=200 if is_healthy else 503)
