"""What a request was about is gone with it, before Python looks for cycles."""

import gc
import weakref
from contextlib import suppress
from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import AsyncRequestFactory

from ephemeral_tasks.web import result_text
from ephemeral_tasks.web.decorators import route
from ephemeral_tasks.web.refusals import InvalidInput
from ephemeral_tasks.web.results import answer_result


class Content:
    """What a visitor wrote or got."""


class Listing(list):
    """A result that can be looked for."""


@pytest.fixture
def uncollected():
    """Python looks for no cycles."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_a_result_that_was_answered_is_forgotten(uncollected):
    """Although it was written in a thread."""
    request = AsyncRequestFactory().get("/")
    row = SimpleNamespace(id="a", status="SUCCESSFUL", task="b")
    value = Listing([1])
    seen = weakref.ref(value)

    response = await answer_result(request, row, value)
    del value
    await sync_to_async(int)()  # the thread has left its first call by now

    assert (response.status_code, seen()) == (200, None)


async def test_a_refusal_is_forgotten(uncollected, transactional_db):
    """With the form that it holds."""
    seen = []

    @route("GET")
    async def view(request):
        error = InvalidInput("no")
        error.content = Content()
        seen.append(weakref.ref(error.content))
        try:
            raise error
        finally:
            del error

    request = AsyncRequestFactory().get("/")
    request.session = SessionStore()
    response = await view(request)

    assert (response.status_code, seen[0]()) == (400, None)


async def test_an_answer_is_forgotten(uncollected):
    """With the variables of its view."""
    seen = []

    @route("GET")
    async def view(request):
        content = Content()
        seen.append(weakref.ref(content))
        return HttpResponse(str(content))

    response = await view(AsyncRequestFactory().get("/"))

    assert (response.status_code, seen[0]()) == (200, None)


@pytest.mark.parametrize("write", ["make_excerpt", "write_whole", "write_json"])
@pytest.mark.parametrize("last", [1, object()], ids=["written", "refused"])
def test_a_result_that_was_written_is_forgotten(uncollected, write, last):
    """Whether all of it was written, the beginning, or less."""
    value = Listing([*range(300_000), last])
    seen = weakref.ref(value)

    with suppress(TypeError):
        getattr(result_text, write)(value)
    del value

    assert seen() is None
