"""Owners: made with the first submission, kept through login, gone with logout."""

import asyncio

import pytest
from channels.sessions import SessionMiddlewareStack
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.test import AsyncRequestFactory, RequestFactory, override_settings

from ephemeral_tasks import aowner_of, owner_of, submission
from ephemeral_tasks.errors import UnknownOperation
from ephemeral_tasks.web import owner, sessions
from ephemeral_tasks.web.consumers import TaskConsumer
from ephemeral_tasks.web.session_check import LOOK_SECONDS
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


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("path", ["/flush/", "/plain-flush/", "/clear/"])
async def test_an_emptied_session_ends_its_owner(visitor, engine, path, tmp_path):
    """Wherever sessions are stored, and without a look at the session before."""
    with override_settings(
        SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
        SESSION_FILE_PATH=str(tmp_path),
    ):
        row = await visitor.held("a")
        await visitor.until_status("RUNNING")
        key = await visitor.owner()

        await visitor.get(path)

        assert submission.window(key) == ()
        assert (await visitor.get(f"/tasks/{row['id']}/")).status_code == 404


@override_settings(SESSION_ENGINE="django.contrib.sessions.backends.cached_db")
async def test_a_session_that_is_no_longer_cached_ends_its_owner(visitor):
    """It is read from the database, which an async view cannot do while it empties."""
    await visitor.held("a")
    key = await visitor.owner()
    await caches["default"].aclear()

    await visitor.get("/flush/")

    assert submission.window(key) == ()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("path", ["/login/", "/plain-login/"])
async def test_login_as_somebody_else_ends_the_owner(visitor, engine, path, tmp_path):
    """What one user left behind is not the next one's, and does not run on."""
    with override_settings(
        SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
        SESSION_FILE_PATH=str(tmp_path),
    ):
        await visitor.get(f"{path}?name=ann")
        await visitor.held("a")
        await visitor.until_status("RUNNING")
        key = await visitor.owner()

        await visitor.get(f"{path}?name=ben")

        assert submission.window(key) == ()
        assert (await visitor.get("/tasks/")).json() == {"operations": []}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("path", ["/login/", "/plain-login/"])
async def test_a_first_login_keeps_what_runs(visitor, engine, path, tmp_path):
    """The session is rotated, its owner and the operations stay."""
    with override_settings(
        SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
        SESSION_FILE_PATH=str(tmp_path),
    ):
        row = await visitor.held("a")
        await visitor.get(f"{path}?name=ann")

        shown = (await visitor.get("/tasks/")).json()["operations"]

    assert [one["id"] for one in shown] == [row["id"]]


async def test_an_emptied_session_ends_nobody_elses_operations(visitor, stranger):
    """Neither a stranger's, nor those that the visitor starts afterwards."""
    await stranger.held("b")
    await visitor.get("/login/?name=ann")
    await visitor.held("a")

    await visitor.get("/flush/")
    await visitor.held("c")

    await stranger.until_status("RUNNING")
    await visitor.until_status("RUNNING")


@pytest.mark.parametrize("engine", ["db", "cache", "cached_db", "file"])
async def test_a_session_saved_over_keeps_its_owner(visitor, engine, tmp_path):
    """A request that read it before the first submission saves it afterwards."""
    with override_settings(
        SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
        SESSION_FILE_PATH=str(tmp_path),
    ):
        await visitor.log_in()
        late = await visitor.client.asession()
        await late.aset("cart", 1)
        row = await visitor.held("a")

        await late.asave()

        answers = [await visitor.get(f"/tasks/{row['id']}/") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        session = await visitor.client.asession()
        assert await session.aget(owner.SESSION_KEY) is not None
        assert await session.aget("cart") == 1


async def test_a_plain_view_finds_the_owner_of_a_session_saved_over(visitor):
    """The tags ask for it, and the session gets it back."""
    await visitor.log_in()
    late = await visitor.client.asession()
    await late.aset("cart", 1)
    row = await visitor.held("a")
    await late.asave()

    html = (await visitor.get_page("/plain/")).content.decode()

    assert f"operation-{row['id']}" in html
    session = await visitor.client.asession()
    assert await session.aget(owner.SESSION_KEY) is not None


async def test_what_a_plain_view_submits_survives_a_session_saved_over(visitor):
    """The owner that `owner_of` makes is remembered, too."""
    await visitor.log_in()
    late = await visitor.client.asession()
    await late.aset("cart", 1)
    await visitor.get("/plain-submit/")
    await late.asave()

    assert len((await visitor.get("/tasks/")).json()["operations"]) == 1


async def test_a_session_saved_over_does_not_end_its_socket(
    visitor, make_socket, clock
):
    """It looks into the store and finds the owner all the same."""
    await visitor.log_in()
    late = await visitor.client.asession()
    await late.aset("cart", 1)
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    served_by = SessionMiddlewareStack(TaskConsumer.as_asgi(clock=clock))
    socket = await make_socket(visitor, served_by=served_by).opened()
    await socket.receive_from()
    await late.asave()

    await clock.advance(LOOK_SECONDS)

    assert await socket.receive_nothing()


async def test_an_owner_that_has_ended_does_not_come_back(visitor):
    """A session that goes on without its owner gets a new one."""
    await visitor.get("/login/?name=ann")
    await visitor.held("a")
    former = await visitor.owner()
    await visitor.get("/clear/")

    await visitor.held("b")

    assert await visitor.owner() not in {None, former}


async def test_a_rotated_session_is_remembered_under_its_new_key_alone(visitor):
    """Who knows the former key does not get the owner by it."""
    await visitor.get("/login/?name=ann")
    await visitor.held("a")
    former = await visitor.client.asession()
    assert sessions.recall(former) is not None

    await visitor.get("/flush/")
    await visitor.held("b")
    between = await visitor.client.asession()
    await visitor.get("/tasks/")
    await visitor.get("/login/?name=ann")

    assert sessions.recall(between) is None
    assert sessions.recall(await visitor.client.asession()) is not None


async def test_only_so_many_sessions_are_remembered(visitor, monkeypatch):
    """As many as there may be owners."""
    seen = sessions.SeenSessions()
    with override_settings(EPHEMERAL_TASKS={"MAX_OWNERS": 3}):
        for number in range(5):
            seen.note(b"%d" % number, "owner")

    assert len(seen._owners) == 3


def test_logout_without_a_request_is_tolerated():
    """Channels' logout() sends the signal with no request."""
    owner._end_owner_at_logout(request=None)


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
