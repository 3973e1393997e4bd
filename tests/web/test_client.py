"""``CLIENT_OF`` over HTTP and sockets: whoever has no cookie still has a client."""

import asyncio

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, RequestFactory

from ephemeral_tasks import owner_of, pool
from tests.web import tasks
from tests.web.conftest import HTML, Visitor

pytestmark = pytest.mark.urls("tests.web.urls")

ECHO = {"text": "a", "language": "es"}
START = "/tasks/start/web_echo/"
BUSY = "Too many operations from your account or network are waiting."


@pytest.fixture
def client_of(settings):
    """Sets the function, and bounds that two operations of a client reach."""

    def use(name):
        settings.EPHEMERAL_TASKS = {
            "CLIENT_OF": f"tests.web.clients.{name}",
            "MAX_RUNNING": 2,
            "MAX_WAITING_PER_CLIENT": 1,
        }

    return use


@pytest.fixture
async def full(client_of, transactional_db):
    """The client without a name has one that runs and one that waits."""
    client_of("by_header")
    for _ in range(2):
        await Visitor().held("a")
    await asyncio.to_thread(tasks.holds["a"].entered)


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ({}, "application/json"),
        ({"HX-Request": "true"}, "html"),
        ({"Accept": HTML}, "html"),
    ],
)
async def test_a_newcomer_of_a_full_client_is_refused(full, headers, what):
    """429 with Retry-After and a sentence, and no session is left of it."""
    before = await Session.objects.acount()

    response = await AsyncClient().post(START, ECHO, headers=headers)

    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) >= 1
    assert what in response.headers["Content-Type"]
    assert BUSY in response.content.decode()
    assert await Session.objects.acount() == before


async def test_the_refusal_has_a_code_of_its_own(full):
    """Programs distinguish it from a full server."""
    error = (await Visitor().post(START, ECHO)).json()["error"]

    assert error["code"] == "client_full"
    assert error["retry_after_seconds"] >= 1


async def test_another_client_starts_at_once(full, visitor):
    """Half of the slots are not the busy client's."""
    response = await visitor.post(START, ECHO, **{"X-Client": "another"})

    assert response.status_code == 202
    await visitor.until_status("SUCCESSFUL")


async def test_a_socket_submits_for_its_own_client(full, visitor, make_socket):
    """The scope says who that is, whoever made the owner."""
    await visitor.post(START, ECHO, **{"X-Client": "another"})
    await visitor.until_status("SUCCESSFUL")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    frame = await socket.ask(type="submit", task="web_echo", data=ECHO)

    assert (frame["type"], frame["code"]) == ("error", "client_full")
    assert BUSY in frame["message"]


def test_a_view_that_submits_by_itself_is_counted(client_of, transactional_db, client):
    """``submit(owner_of(request), …)`` needs no further word."""
    client_of("by_header")
    pool.pause()
    assert client.get("/plain-submit/").status_code == 200

    client.cookies.clear()
    client.raise_request_exception = False
    assert client.get("/plain-submit/").status_code == 500

    client.cookies.clear()
    assert client.get("/plain-submit/", headers={"X-Client": "b"}).status_code == 200
    pool.resume()


async def test_a_retry_counts_for_the_client_that_submitted(client_of, visitor):
    """Whoever clicks Try again."""
    client_of("by_header")
    failed = await visitor.start("web_say", **ECHO)
    await visitor.until_status("FAILED")
    for _ in range(2):
        await Visitor().held("a")

    response = await visitor.post(
        f"/tasks/{failed['id']}/retry/", **{"X-Client": "another"}
    )

    assert response.json()["error"]["code"] == "client_full"


async def test_the_client_may_be_a_user(client_of, visitor, make_socket):
    """Who is looked up off the server's loop, for a socket as well."""
    client_of("by_user")
    await visitor.log_in()
    for _ in range(2):
        await visitor.held("a")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    frame = await socket.ask(type="submit", task="web_echo", data=ECHO)
    response = await visitor.post(START, ECHO)

    assert frame["code"] == "client_full"
    assert response.status_code == 429


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "must return a text, got NoneType"),
        ("empty", "must return 1 to 200 characters, got 0"),
        ("long", "must return 1 to 200 characters, got 201"),
        ("raising", "client"),
    ],
)
async def test_a_wrong_client_starts_nothing(client_of, visitor, name, message):
    """The error says why; without the client nothing is accepted or kept."""
    client_of(name)

    with pytest.raises((ImproperlyConfigured, KeyError), match=message):
        await visitor.post(START, ECHO)

    assert pool.statistics().accepted == 0
    assert await Session.objects.acount() == 0


async def test_pages_need_no_client(client_of, visitor, make_socket):
    """The tags, sockets and buttons go on where the function fails."""
    row = await visitor.held("a")
    client_of("raising")

    assert (await visitor.get_page("/plain/")).status_code == 200
    assert (await visitor.get("/tasks/")).json()["operations"]
    socket = await make_socket(visitor, is_json=True).opened()
    assert await socket.receive_json_from()
    cancelled = await visitor.post(f"/tasks/{row['id']}/cancel/")
    assert cancelled.status_code == 200


def test_the_session_keeps_the_owner_alone(client_of, transactional_db, client):
    """An address is written to no disk."""
    client_of("by_header")
    request = RequestFactory().get("/", headers={"X-Client": "192.0.2.7"})
    request.session = client.session

    owner = owner_of(request)
    request.session.save()

    assert "192.0.2.7" not in str(Session.objects.get().get_decoded())
    assert type(request.session["_ephemeral_tasks_owner"]) is str
    assert owner == request.session["_ephemeral_tasks_owner"]
