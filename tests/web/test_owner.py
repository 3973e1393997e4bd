"""Owners: made with the first submission, kept through login, gone with logout."""

import asyncio

import pytest
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.test import AsyncRequestFactory, RequestFactory, override_settings

from ephemeral_tasks import aowner_of, owner_of, submission
from ephemeral_tasks.errors import UnknownOperation
from ephemeral_tasks.web import owner
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")

ENGINES = ["db", "cache", "cached_db", "file", "signed_cookies"]


async def test_looking_makes_no_owner(visitor):
    """A page, a poll and a table without a submission leave no session behind."""
    await visitor.get_page("/")
    await visitor.get_htmx("/tasks/")
    await visitor.get("/tasks/")

    assert "sessionid" not in visitor.client.cookies


@pytest.mark.parametrize("engine", ENGINES)
async def test_every_session_engine_keeps_the_owner(visitor, engine, tmp_path):
    """The second submission is the same owner's, wherever sessions are stored."""
    with override_settings(
        SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
        SESSION_FILE_PATH=str(tmp_path),
    ):
        await visitor.start("web_echo", text="a", language="es")
        await visitor.start("web_echo", text="b", language="es")
        shown = (await visitor.get("/tasks/")).json()["operations"]

    assert len(shown) == 2


async def test_two_visitors_are_two_owners(visitor, stranger):
    """Nobody shares a key."""
    await visitor.start("web_echo", text="a", language="es")
    await stranger.start("web_echo", text="a", language="es")

    assert await visitor.owner() != await stranger.owner()


async def test_login_keeps_the_owner(visitor):
    """What was started before logging in is there afterwards."""
    row = await visitor.held("a")
    await visitor.log_in()

    shown = (await visitor.get("/tasks/")).json()["operations"]
    assert [one["id"] for one in shown] == [row["id"]]


async def test_logout_ends_the_owner(visitor):
    """Running work is cancelled, and the key names nothing any more."""
    await visitor.log_in()
    row = await visitor.held("a")
    await visitor.until_status("RUNNING")
    key = await visitor.owner()

    await visitor.get("/logout/")

    assert submission.window(key) == ()
    with pytest.raises(UnknownOperation):
        submission.row(key, row["id"])
    assert (await visitor.get("/tasks/")).json() == {"operations": []}


async def test_logout_without_a_login_ends_the_owner(visitor):
    """An anonymous visitor may log out, too."""
    await visitor.held("a")
    key = await visitor.owner()

    await visitor.get("/logout/")

    assert submission.window(key) == ()


def test_logout_without_a_request_is_tolerated():
    """Channels' logout() sends the signal with no request."""
    owner._end_owner(request=None)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/tasks/start/web_echo/", {"text": ""}),
        ("/tasks/start/nothing/", {}),
        ("/tasks/start/web_hidden/", {}),
    ],
)
async def test_a_refused_first_submission_makes_no_owner(visitor, path, data):
    """Nothing was changed, so nobody is remembered."""
    response = await visitor.post(path, data)

    assert response.status_code in {400, 404}
    assert "sessionid" not in visitor.client.cookies


async def test_two_first_submissions_at_once_may_be_two_owners(visitor):
    """Without a form's key they have nothing in common that others could not forge."""
    await visitor.get_page("/")
    requests = [
        visitor.client.post("/tasks/start/web_echo/", {"text": text, "language": "es"})
        for text in "ab"
    ]

    await asyncio.gather(*requests)

    assert len((await visitor.get("/tasks/")).json()["operations"]) == 1


async def test_a_first_double_click_is_one_operation(visitor):
    """Two equal first submissions with the form's key are one, without a session."""
    page = (await visitor.get_page("/")).content.decode()
    key = page.partition('name="key"')[2].partition('value="')[2].partition('"')[0]
    data = {"text": "a", "language": "es", "key": key}

    answers = await asyncio.gather(
        *(visitor.post("/tasks/start/web_echo/", data) for _ in range(2))
    )

    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(tasks.calls) <= 1


async def test_after_logout_the_same_browser_is_somebody_else(visitor):
    """The CSRF cookie survives logout; the key does not."""
    await visitor.get_page("/")
    await visitor.held("a")
    first = await visitor.owner()
    await visitor.get("/logout/")

    await visitor.held("b")

    assert await visitor.owner() not in {None, first}


def test_owner_of_in_a_plain_view_makes_one(transactional_db):
    """The first call makes the key, the second finds it."""
    request = RequestFactory().get("/")
    request.session = _session()

    assert owner_of(request, create=False) is None
    assert owner_of(request) == owner_of(request)
    assert len(owner_of(request)) == 32


async def test_aowner_of_is_its_async_twin(transactional_db):
    """After it the plain one may be called from an async view."""
    request = AsyncRequestFactory().get("/")
    request.session = _session()

    key = await aowner_of(request)

    assert owner_of(request) == key


async def test_owner_of_tells_an_async_view_what_to_call_first(visitor):
    """The tags in an async view without `await aowner_of` name the way."""
    await visitor.held("a")

    with pytest.raises(SynchronousOnlyOperation, match="await aowner_of"):
        await visitor.get_page("/careless/")


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_careless_async_view_fails_for_newcomers_too(visitor, engine, tmp_path):
    """Its author sees the error at once, and not when the first visitor comes back."""
    with (
        override_settings(
            SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
            SESSION_FILE_PATH=str(tmp_path),
        ),
        pytest.raises(SynchronousOnlyOperation, match="await aowner_of"),
    ):
        await visitor.get_page("/careless/")


class WrappedRequest:
    """A request around Django's, as REST frameworks have it."""

    def __init__(self, request):
        """Wraps the request."""
        self._request = request

    def __getattr__(self, name):
        """Return what Django's request has."""
        return getattr(self._request, name)


def test_a_request_that_wraps_djangos_makes_an_owner(transactional_db):
    """A visitor's first operation may come through such a framework."""
    request = RequestFactory().get("/")
    request.session = _session()

    assert owner_of(WrappedRequest(request)) == owner_of(request)


async def test_a_request_that_wraps_djangos_makes_an_owner_in_an_async_view(
    transactional_db,
):
    """The async twin takes it as well."""
    request = AsyncRequestFactory().get("/")
    request.session = _session()

    assert await aowner_of(WrappedRequest(request)) == owner_of(request)


def test_a_websocket_makes_no_owner():
    """A scope's session is never saved, so a new key would be lost."""
    with pytest.raises(RuntimeError, match="first submission comes over HTTP"):
        owner_of({"session": {}})


def test_a_request_without_session_is_a_configuration_error():
    """The message names the middleware."""
    with pytest.raises(ImproperlyConfigured, match="SessionMiddleware"):
        owner_of(RequestFactory().get("/"))


async def test_the_token_is_in_no_answer(visitor):
    """Neither HTML nor JSON nor headers name the owner."""
    row = await visitor.held("a")
    key = await visitor.owner()
    answers = [
        await visitor.get_page("/"),
        await visitor.get_htmx("/tasks/"),
        await visitor.get("/tasks/"),
        await visitor.get(f"/tasks/{row['id']}/"),
        await visitor.get("/tasks/unknown/"),
    ]

    for answer in answers:
        assert key not in answer.content.decode()
        assert key not in str(answer.headers)


def _session():
    from django.contrib.sessions.backends.db import SessionStore

    return SessionStore()
