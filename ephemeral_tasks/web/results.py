"""What an operation returned, in three forms and as a file."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from ..result_file import ResultFile
from ..row import Row
from . import responses, result_text
from .audience import Audience, audience_of
from .file_names import clean_name, disposition_of
from .next_page import next_of
from .refusals import NotSerializable
from .semaphore import Semaphore

# A large result takes several times its size while it is written.
_large = Semaphore(2)

_TYPES = {
    "bin": "application/octet-stream",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
}


async def answer_result(request: HttpRequest, row: Row, value: object) -> HttpResponse:
    """Answer with a result; at most two large ones are written at once."""
    if isinstance(value, ResultFile) or not result_text.is_large(value):
        return await _answer(request, row, value)
    async with _large.hold():
        return await _answer(request, row, value)


async def _answer(request: HttpRequest, row: Row, value: object) -> HttpResponse:
    if "download" in request.GET:
        if isinstance(value, ResultFile):
            return _send(value.data, value.name, value.content_type)
        return await _download(row, value)
    match audience_of(request):
        case Audience.HTMX:
            return await _show(request, row, value, "result_fragment")
        case Audience.BROWSER:
            return await _show(request, row, value, "result")
        case Audience.PROGRAM:
            return await _write(request, row, value)


async def _show(
    request: HttpRequest, row: Row, value: object, name: str
) -> HttpResponse:
    templates = [
        f"ephemeral_tasks/{row.task}/{name}.html",
        f"ephemeral_tasks/{name}.html",
    ]
    context = {
        # Made only when a template shows it.
        "excerpt": SimpleLazyObject(lambda: result_text.make_excerpt(value)),
        "file": _describe(request, row, value),
        "next": next_of(request),
        "result": value,
        "row": row,
    }
    return await responses.render_page(request, templates, context)


def _describe(request: HttpRequest, row: Row, value: object) -> dict[str, Any] | None:
    """Return a file's facts for pages and programs; None for other results."""
    if not isinstance(value, ResultFile):
        return None
    return {
        "name": clean_name(value.name),
        "content_type": value.content_type,
        "size": value.size,
        "url": f"{responses.page_of(request).root}{row.id}/result/?download",
    }


async def _write(request: HttpRequest, row: Row, value: object) -> HttpResponse:
    shown = _describe(request, row, value) or value
    document = {"id": row.id, "status": str(row.status), "result": shown}
    content = await sync_to_async(_as_json)(document)
    if content is None:
        raise NotSerializable(row.id)
    return HttpResponse(content, content_type="application/json")


def _as_json(document: object) -> bytes | None:
    try:
        return result_text.write_json(document).encode()
    except result_text.RAISED:
        return None


async def _download(row: Row, value: object) -> HttpResponse:
    found = await sync_to_async(result_text.write_whole)(value)
    if found is None:
        raise NotSerializable(row.id)
    content, kind = found
    return _send(content, f"{row.task}-{row.id[:8]}.{kind}", _TYPES[kind])


def _send(content: bytes, name: str, content_type: str) -> HttpResponse:
    """Return a file that no browser opens in a page or takes for another type."""
    response = HttpResponse(content, content_type=content_type)
    response.headers["Content-Disposition"] = disposition_of(name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
