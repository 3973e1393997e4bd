"""``OWNER = "user"``: whoever is logged in owns by user, everybody else by session."""

import asyncio
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import SynchronousOnlyOperation
from django.test import RequestFactory

from ephemeral_tasks import aowner_of, owner_of, pool, window
from ephemeral_tasks.core import Status
from ephemeral_tasks.web import push
from ephemeral_tasks.web.owner import SESSION_KEY
from ephemeral_tasks.web.user_key import key_of
from tests.web import tasks
from tests.web.conftest import Visitor
from tests.web.hold import until_status
from tests.web.test_owner import WrappedRequest

pytestmark = pytest.mark.urls("tests.web.urls")

User = get_user_model()


@pytest.fixture(autouse=True)
def by_user(settings):
    """Users own."""
    settings.EPHEMERAL_TASKS = {"OWNER": "user"}


@pytest.fixture
async def laptop(visitor):
    """A browser in which Ann is logged in."""
    await visitor.log_in("ann")
    return visitor


@pytest.fixture
async def phone(laptop):
    """Another one of hers."""
    phone = Visitor()
    await phone.client.aforce_login(await User.objects.aget(username="ann"))
    return phone


async def rows_of(visitor):
    """The visitor's rows."""
    return (await visitor.get("/tasks/")).json()["operations"]


async def test_two_browsers_of_a_user_show_one_window(laptop, phone):
    """And act on the same operations."""
    row = await laptop.held("a")

    assert [one["id"] for one in await rows_of(phone)] == [row["id"]]
    answer = await phone.post(f"/tasks/{row['id']}/cancel/")
    assert answer.status_code == 200
    assert row["id"] in (await laptop.get_htmx("/tasks/")).content.decode()


async def test_an_open_page_shows_what_another_browser_starts(
    laptop, phone, make_socket
):
    """A page of a user opens a socket though nothing was submitted yet."""
    assert "/ws/tasks/" in (await phone.get_page("/")).content.decode()
    socket = await make_socket(phone, is_json=True).opened()
    assert (await socket.receive_json_from())["operations"] == []

    row = await laptop.held("a")

    frame = await socket.receive_json_from()
    assert frame["operation"]["id"] == row["id"]


async def test_another_user_and_a_stranger_see_nothing(laptop, stranger):
    """By list and by id."""
    row = await laptop.held("a")
    other = Visitor()
    await other.log_in("bob")

    for somebody in (stranger, other):
        assert await rows_of(somebody) == []
        assert (await somebody.get(f"/tasks/{row['id']}/")).status_code == 404


async def test_at_login_the_sessions_window_stays_the_sessions(visitor):
    """It is not the user's, who may sit at somebody else's machine; it goes on."""
    row = await visitor.held("a")
    await visitor.get("/login/")

    assert await rows_of(visitor) == []
    assert (await visitor.get(f"/tasks/{row['id']}/")).status_code == 404
    assert window(await visitor.owner())[0].status is Status.RUNNING


async def test_logout_ends_only_what_the_session_owned(visitor):
    """The user's operations go on, and are there after the next login."""
    own = await visitor.held("own")
    session_owner = await visitor.owner()
    await visitor.get("/login/")
    users = await visitor.held("users")

    await visitor.get("/logout/")

    assert window(session_owner) == ()
    assert pool.get().ledger.memory.get(own["id"]) is None
    assert await rows_of(visitor) == []
    await visitor.get("/login/")
    (row,) = await rows_of(visitor)
    assert (row["id"], row["status"]) == (users["id"], "RUNNING")


@pytest.mark.parametrize("how", ["/logout/", "/flush/", "/plain-flush/"])
async def test_logout_closes_the_sockets_of_its_session(
    laptop, phone, make_socket, how
):
    """With 4401; those of other browsers stay open and watch."""
    await laptop.held("a")
    here = await make_socket(laptop, is_json=True).opened()
    there = await make_socket(phone, is_json=True).opened()
    for socket in (here, there):
        await socket.receive_json_from()

    await laptop.get(how)

    assert await here.closed_with() == 4401
    row = await phone.held("b")
    assert (await there.receive_json_from())["operation"]["id"] == row["id"]


async def test_the_servers_end_brings_the_last_state(laptop, make_socket):
    """Then 1012: the session's end of the socket does not come before the owner's."""
    user = await User.objects.aget(username="ann")
    await laptop.held("a")
    await until_status(key_of(user), "RUNNING")
    socket = await make_socket(laptop).opened()
    await socket.receive_from()

    tasks.holds["a"].open()
    await until_status(key_of(user), "SUCCESSFUL")
    push.close_all()

    assert "is-successful" in await socket.receive_from()
    assert await socket.closed_with() == 1012


async def test_login_closes_sockets_4409(visitor, make_socket):
    """Those that the session opened before, so that pages connect as the user."""
    await visitor.held("a")
    socket = await make_socket(visitor).opened()
    await socket.receive_from()

    await visitor.get("/login/")

    assert await socket.closed_with() == 4409


async def test_a_second_login_closes_the_users_sockets_4409(laptop, make_socket):
    """Its cookie is another one, and the store no longer knows the former."""
    await laptop.held("a")
    socket = await make_socket(laptop).opened()
    await socket.receive_from()

    await laptop.get("/login/?name=ann")

    assert await socket.closed_with() == 4409


async def test_a_login_as_somebody_else_shows_theirs(laptop):
    """What the first user started goes on, unseen."""
    row = await laptop.held("a")
    await laptop.get("/login/?name=bob")

    assert await rows_of(laptop) == []
    assert pool.get().ledger.find(row["id"]).status is Status.RUNNING


async def test_a_new_password_ends_the_other_sessions(laptop, phone):
    """A session that Django no longer accepts shows nothing."""
    await laptop.held("a")
    user = await User.objects.aget(username="ann")
    user.set_password("new")
    await user.asave()

    assert await rows_of(phone) == []


async def test_a_socket_of_a_deactivated_user_is_closed(
    laptop, make_socket, clock, monkeypatch
):
    """When it looks at its session again."""
    monkeypatch.setattr("ephemeral_tasks.web.consumers.LoopClock", lambda: clock)
    await laptop.held("a")
    socket = await make_socket(laptop).opened()
    await socket.receive_from()

    await User.objects.aupdate(is_active=False)
    await clock.advance(60.0)

    assert await socket.closed_with() == 4401


async def test_a_socket_of_a_user_stays_open(laptop, make_socket, clock, monkeypatch):
    """Its session names the same owner at each look."""
    monkeypatch.setattr("ephemeral_tasks.web.consumers.LoopClock", lambda: clock)
    await laptop.held("a")
    socket = await make_socket(laptop).opened()
    await socket.receive_from()

    for _ in range(3):
        await clock.advance(60.0)
        for _ in range(20):
            await asyncio.sleep(0)

    assert await socket.receive_nothing(0.05)


async def test_the_session_keeps_no_key_of_a_user(laptop):
    """It is made of the user each time."""
    await laptop.held("a")
    session = await laptop.client.asession()

    assert await session.aget(SESSION_KEY) is None


def test_a_users_key_cannot_be_guessed(settings):
    """It depends on the site's secret, and on the user alone."""
    ann, bob = (SimpleNamespace(is_authenticated=True, pk=pk) for pk in (1, 2))
    before = key_of(ann)

    assert before == key_of(ann) != key_of(bob)
    assert (before.isalnum(), len(before)) == (True, 40)
    settings.SECRET_KEY = "another"
    assert key_of(ann) != before
    assert key_of(AnonymousUser()) is None


def test_a_request_without_a_session_may_have_a_user(django_user_model, db):
    """As those of REST frameworks, which know tokens."""
    request = RequestFactory().get("/")
    request.user = django_user_model.objects.create_user("ann")

    assert owner_of(WrappedRequest(request)) == key_of(request.user)


async def test_an_async_view_that_asked_may_render_the_tags(laptop):
    """As with sessions: ``await aowner_of(request)`` comes first."""
    await laptop.held("a")

    page = await laptop.get_page("/")

    assert "Web hold" in page.content.decode()


async def test_an_async_view_that_did_not_ask_fails(laptop):
    """The error says what to call."""
    with pytest.raises(SynchronousOnlyOperation, match="await aowner_of"):
        await laptop.get_page("/careless/")


async def test_its_async_twin_agrees(laptop):
    """``aowner_of`` and ``owner_of``."""
    await laptop.held("a")
    user = await User.objects.aget(username="ann")
    request = RequestFactory().get("/")
    request.user, request.session = user, await laptop.client.asession()

    assert await aowner_of(request) == owner_of(request) == key_of(user)
