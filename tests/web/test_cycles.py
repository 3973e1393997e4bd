"""What a request was about is gone with it, before Python looks for cycles."""

import gc
import weakref
from contextlib import suppress

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import AsyncRequestFactory

from ephemeral_tasks.web import private, result_text
from ephemeral_tasks.web.decorators import route
from ephemeral_tasks.web.refusals import InvalidInput


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


async def test_a_call_in_a_thread_is_forgotten(uncollected):
    """With what it was made with."""

    async def call():
        content = Content()
        await private.in_thread(lambda: str(content))
        return weakref.ref(content)

    assert (await call())() is None


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


@pytest.mark.parametrize("write", ["excerpt", "whole", "as_json"])
@pytest.mark.parametrize("last", [1, object()], ids=["written", "refused"])
def test_a_result_that_was_written_is_forgotten(uncollected, write, last):
    """Whether all of it was written, the beginning, or less."""
    value = Listing([*range(300_000), last])
    seen = weakref.ref(value)

    with suppress(TypeError):
        getattr(result_text, write)(value)
    del value

    assert seen() is None
