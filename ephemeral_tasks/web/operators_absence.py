"""What operators get while the process that hosts the pool does not answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from ..errors import Unreachable
from .refusals import Refusal, refusal_of

View = Callable[..., HttpResponse]


def answer_unreachable(view: View, *, is_json: bool = False) -> View:
    """Return a view that answers 503 then, with a sentence or with JSON."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Unreachable as error:
            refusal = refusal_of(error)
        return _refuse(refusal, is_json=is_json)

    return answer


def _refuse(refusal: Refusal, *, is_json: bool) -> HttpResponse:
    response: HttpResponse
    if is_json:
        response = JsonResponse({"error": refusal.as_json()}, status=refusal.status)
    else:
        text = "text/plain; charset=utf-8"
        response = HttpResponse(refusal.message, text, status=refusal.status)
    response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response
