"""The health of this process, for load balancers."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse

from .. import pool
from ..errors import Unreachable
from ..machine import process
from .decorators import route


# A load balancer cannot log in, and the answer holds nothing private.
@login_not_required
@route("GET")
async def health(request: HttpRequest) -> HttpResponse:
    """Counts and a word; 503 while a submission would be refused or would not run."""
    try:
        found = await pool.health.acall()
    except Unreachable:
        return JsonResponse({"status": "unavailable"}, status=503)
    body = {
        "status": "ok" if found.is_healthy else "unavailable",
        "running": found.running,
        "waiting": found.waiting,
    }
    if process.is_shared():
        body |= {"host_pid": found.host_pid, "clients": found.clients}
    return JsonResponse(body, status=200 if found.is_healthy else 503)
