"""``permission``: without it a task does not exist for a visitor."""

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ImproperlyConfigured
from django.template import engines
from django.test import RequestFactory

from ephemeral_tasks import pool
from ephemeral_tasks.submission import window

pytestmark = pytest.mark.urls("tests.web.urls")

START = "/tasks/start/web_permitted/"
SUBMIT = {"type": "submit", "task": "web_permitted", "data": {}}


async def give_permission(visitor, name="ann"):
    """Give the visitor's user the permission that the task asks for."""
    user = await User.objects.aget(username=name)
    permission = await Permission.objects.aget(codename="view_user")
    await user.user_permissions.aadd(permission)


async def take_permission(name="ann"):
    """The user has it no more."""
    user = await User.objects.aget(username=name)
    await user.user_permissions.aclear()


@pytest.fixture
async def permitted(visitor):
    """A visitor whose user has the permission, with a failed operation of the task."""
    await visitor.log_in()
    await give_permission(visitor)
    await visitor.start("web_permitted")
    await visitor.until_status("FAILED")
    return visitor


async def test_without_it_a_task_is_as_unknown_as_none(visitor):
    """Nobody can find out by asking which tasks there are."""
    anonymous = await visitor.post(START)
    await visitor.log_in()
    refused = await visitor.post(START)
    unknown = await visitor.post("/tasks/start/nosuch/")

    assert anonymous.status_code == refused.status_code == 404
    assert anonymous.json() == refused.json() == unknown.json()
    assert await visitor.owner() is None
    assert pool.statistics().accepted == 0


async def test_with_it_the_task_runs(permitted):
    """The user was looked up off the server's loop."""
    (row,) = await permitted.until_status("FAILED")

    assert row.task == "web_permitted"


async def test_a_superuser_has_each(visitor):
    """As everywhere in Django."""
    await visitor.log_in(is_superuser=True)

    assert (await visitor.post(START)).status_code == 202


@pytest.mark.parametrize(("is_staff", "status"), [(True, 202), (False, 404)])
async def test_a_function_of_the_user_decides(visitor, is_staff, status):
    """Whatever it looks at."""
    await visitor.log_in(is_staff=is_staff)

    assert (await visitor.post("/tasks/start/web_staff/")).status_code == status


async def test_a_socket_asks_at_each_submission(permitted, make_socket):
    """A permission that was taken away since it connected is gone."""
    socket = await make_socket(permitted, is_json=True).opened()
    await socket.receive_json_from()
    assert (await socket.ask(**SUBMIT))["type"] == "row"
    await permitted.until_status("FAILED", "FAILED")

    await take_permission()
    frames = [await socket.ask(**SUBMIT, request=1)]
    while frames[-1].get("request") != 1:
        frames.append(await socket.receive_json_from())

    assert frames[-1]["code"] == "unknown_task"
    assert len(window(await permitted.owner())) == 2


@pytest.mark.parametrize("how", ["http", "socket"])
async def test_without_it_nothing_is_tried_again(permitted, make_socket, how):
    """The row is still there, and as it was."""
    await take_permission()
    owner = await permitted.owner()
    (before,) = window(owner)

    if how == "http":
        response = await permitted.post(f"/tasks/{before.id}/retry/")
        assert response.status_code == 404
        error = response.json()["error"]
    else:
        socket = await make_socket(permitted, is_json=True).opened()
        await socket.receive_json_from()
        error = await socket.ask(type="retry", id=before.id)

    assert error["code"] == "unknown_task"
    assert window(owner) == (before,)


@pytest.mark.parametrize("how", ["http", "socket"])
async def test_without_it_a_question_is_still_answered(visitor, make_socket, how):
    """What was started with it goes on, and ends as its owner says."""
    await visitor.log_in(is_staff=True)
    await visitor.start("web_staff_ask")
    (row,) = await visitor.until(lambda rows: rows[0].question)
    await User.objects.aupdate(is_staff=False)

    if how == "http":
        values = {"number": 1, "answer": "Yes"}
        response = await visitor.post(f"/tasks/{row.id}/answer/", values)
        assert response.status_code == 200
    else:
        socket = await make_socket(visitor, is_json=True).opened()
        await socket.receive_json_from()
        frame = await socket.ask(type="answer", id=row.id, number=1, answer="Yes")
        assert frame["type"] == "row"

    await visitor.until_status("SUCCESSFUL")


async def test_without_it_nothing_is_changed_and_run_again(permitted):
    """The form of a task that does not exist is not filled either."""
    (row,) = await permitted.until_status("FAILED")
    url = f"/tasks/{row.id}/again/"
    assert (await permitted.get_page(url)).status_code == 200
    await take_permission()

    for get in (permitted.get, permitted.get_page, permitted.get_htmx):
        assert (await get(url)).status_code == 404


async def test_with_it_a_failed_one_is_tried_again(permitted):
    """As any other."""
    (row,) = await permitted.until_status("FAILED")

    assert (await permitted.post(f"/tasks/{row.id}/retry/")).status_code == 202


def form_for(user):
    """What the tag writes for a user."""
    request = RequestFactory().get("/")
    request.user = user
    source = '{% load ephemeral_tasks %}{% task_form "web_staff" %}'
    return engines["django"].from_string(source).render({}, request)


def test_a_form_is_for_those_who_may_send_it():
    """Others see nothing in its place."""
    assert "<form" in form_for(User(is_staff=True))
    assert form_for(User()) == ""


async def test_without_users_nobody_has_it(visitor, settings):
    """The error names the middleware."""
    settings.MIDDLEWARE = [
        name for name in settings.MIDDLEWARE if "Authentication" not in name
    ]

    with pytest.raises(ImproperlyConfigured, match="AuthenticationMiddleware"):
        await visitor.post(START)


async def test_a_deactivated_user_has_none(permitted, make_socket):
    """Also on a socket that was opened before."""
    await User.objects.aupdate(is_staff=True)
    socket = await make_socket(permitted, is_json=True).opened()
    await socket.receive_json_from()
    await User.objects.aupdate(is_active=False)

    frame = await socket.ask(type="submit", task="web_staff", data={})

    assert frame["code"] == "unknown_task"
