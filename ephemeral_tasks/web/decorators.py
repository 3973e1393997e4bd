"""What every view of ours does: methods, refusals, headers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.cache import patch_vary_headers

from ..errors import EphemeralTasksError
from . import responses
from .owner import aowner_of
from .refusals import refusal_of

# Pages swap in what carries this header, and no login page or proxy's page.
FRAGMENT_HEADER = "Ephemeral-Tasks"

View = Callable[..., Coroutine[Any, Any, HttpResponse]]


def route(method: str, *, is_about_table: bool = False) -> Callable[[View], View]:
    """Return a decorator for an async view that may raise what can be refused.

    Args:
        method: ``"GET"``, which includes HEAD, or ``"POST"``.
        is_about_table: Whether htmx swaps the table with the answer.
    """
    methods = ["GET", "HEAD"] if method == "GET" else [method]

    def decorate(view: View) -> View:
        @wraps(view)
        async def answer(request: HttpRequest, **captured: Any) -> HttpResponse:
            response: HttpResponse
            if request.method not in methods:
                response = HttpResponseNotAllowed(methods)
            else:
                try:
                    response = await view(request, **captured)
                except EphemeralTasksError as error:
                    response = await _refused(request, error, captured, is_about_table)
            if responses.audience_of(request) is responses.Audience.HTMX:
                response.headers[FRAGMENT_HEADER] = "fragment"
            response.headers["Cache-Control"] = "no-store"
            patch_vary_headers(response, ["HX-Request", "Accept"])
            return response

        return _outside_transactions(answer)

    return decorate


def _outside_transactions(view: View) -> View:
    """Except a view from ATOMIC_REQUESTS, which Django refuses to async ones.

    Ours write to no database but through the session, which is saved by itself.
    """
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


async def _refused(
    request: HttpRequest,
    error: EphemeralTasksError,
    captured: dict[str, Any],
    is_about_table: bool,
) -> HttpResponse:
    owner = await aowner_of(request, create=False)
    refusal = refusal_of(error, owner=owner, id=captured.get("id"))
    return await responses.refuse(
        request, refusal, owner=owner, is_about_table=is_about_table
    )
