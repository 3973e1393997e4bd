"""The decorator of the package's views: methods, refusals, headers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import wraps
from inspect import signature
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.cache import patch_vary_headers
from django.views.decorators.debug import sensitive_post_parameters

from ..errors import EphemeralTasksError
from ..machine import conversation
from . import responses
from .audience import Audience, audience_of
from .error_reports import hide_variables
from .language import activate_language_of
from .owner import afind_owner
from .refusals import arefusal_of

# Pages swap in what carries this header, and no login page or proxy's page.
FRAGMENT_HEADER = "Ephemeral-Tasks"

View = Callable[..., Coroutine[Any, Any, HttpResponse]]


def route(method: str, *, is_about_table: bool = False) -> Callable[[View], View]:
    """Return a decorator for an async view, whose errors of ours become refusals.

    Args:
        method: ``"GET"``, which includes HEAD, or ``"POST"``.
        is_about_table: Whether htmx swaps the table with the answer.
    """
    methods = ["GET", "HEAD"] if method == "GET" else [method]

    def decorate(view: View) -> View:
        names = signature(view).parameters

        @wraps(view)
        async def answer(request: HttpRequest, **captured: Any) -> HttpResponse:
            hide_variables(request)
            # Django's cache middleware stores answers in spite of ``no-store``.
            request._cache_update_cache = False  # type: ignore[attr-defined]
            # Variables of the site's routes above ours are not the view's.
            captured = {name: captured[name] for name in names if name in captured}
            response: HttpResponse
            with activate_language_of(request) as language:
                if request.method in methods:
                    with conversation.hold():
                        response = await _respond(
                            view, request, captured, is_about_table
                        )
                else:
                    response = HttpResponseNotAllowed(methods)
            if language is not None:  # or Django's middleware says that of the request
                response.headers["Content-Language"] = language
            if audience_of(request) is Audience.HTMX:
                response.headers[FRAGMENT_HEADER] = "fragment"
            response.headers["Cache-Control"] = "no-store"
            patch_vary_headers(response, ["HX-Request", "Accept"])
            return response

        return _outside_transactions(sensitive_post_parameters()(answer))

    return decorate


async def _respond(
    view: View, request: HttpRequest, captured: dict[str, Any], is_about_table: bool
) -> HttpResponse:
    try:
        try:
            return await view(request, **captured)
        except EphemeralTasksError as error:
            refused = error
        # Outside of the inner except block: an error in here would be reported together
        # with the one before, whose sentence is the visitor's alone.
        try:
            return await _refuse(request, refused, captured, is_about_table)
        finally:
            del refused  # this frame and the error would hold each other
    except Exception:
        with suppress(Exception):
            request.FILES.clear()  # a report names each file
        raise


class _EveryAlias(set[str]):
    """The aliases of all databases; some sites add theirs while they run."""

    def __contains__(self, alias: object) -> bool:
        return True


def _outside_transactions(view: View) -> View:
    """Except a view from ATOMIC_REQUESTS, which Django refuses to async ones.

    Ours write to no database but through the session, which is saved by itself.
    """
    # What django.db.transaction.non_atomic_requests() sets, an alias a call.
    view._non_atomic_requests = _EveryAlias()  # type: ignore[attr-defined]
    return view


async def _refuse(
    request: HttpRequest,
    error: EphemeralTasksError,
    captured: dict[str, Any],
    is_about_table: bool,
) -> HttpResponse:
    owner = await afind_owner(request)
    refusal = await arefusal_of(error, owner, captured.get("id"))
    return await responses.refuse(
        request, refusal, owner=owner, is_about_table=is_about_table
    )
