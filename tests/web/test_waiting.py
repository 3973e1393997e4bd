"""A program that starts a task and waits for its result."""

import asyncio
import json

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import Client, RequestFactory

from ephemeral_tasks import pool, submission
from ephemeral_tasks.asgi import get_asgi_application
from ephemeral_tasks.web.preferences import read_preferences
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")

ECHO = {"text": "hello", "language": "es"}


async def test_a_result_that_is_there_in_time_is_the_answer(visitor):
    """200 with what the result's route answers, and where the operation is."""
    response = await visitor.post("/tasks/start/web_echo/", ECHO, Prefer="wait=5")
    again = await visitor.get(f"{response.headers['Location']}result/")

    assert response.status_code == 200
    assert response.json() == again.json()
    assert response.json()["result"] == "hello in es"
    assert response.headers["Preference-Applied"] == "wait=5"


async def test_one_that_takes_longer_is_answered_with_its_row(visitor):
    """202, as without the header, once the time is over."""
    response = await visitor.post(
        "/tasks/start/web_hold/", {"name": "a"}, Prefer="respond-async, wait=0"
    )

    assert response.status_code == 202
    assert response.json()["is_finished"] is False
    assert response.headers["Location"] == f"/tasks/{response.json()['id']}/"
    assert response.headers["Preference-Applied"] == "respond-async, wait=0"


async def test_a_failure_within_the_time_is_said(visitor):
    """409 with the sentence and the row, as the result's route answers."""
    response = await visitor.post("/tasks/start/web_say/", ECHO, Prefer="wait=5")
    error = response.json()["error"]

    assert response.status_code == 409
    assert error["code"] == "failed"
    assert error["message"] == "the word hello cannot be said"
    assert response.headers["Location"] == f"/tasks/{error['operation']['id']}/"
    assert response.headers["Preference-Applied"] == "wait=5"


async def test_who_waits_holds_nobody_up(visitor, stranger):
    """The loop goes on: another visitor is answered meanwhile, and ends the wait."""
    waiting = asyncio.ensure_future(
        visitor.post("/tasks/start/web_hold/", {"name": "a"}, Prefer="wait=5")
    )
    await tasks.holds["a"].aentered()
    other = await stranger.post("/tasks/start/web_echo/", ECHO)
    assert not waiting.done()
    tasks.holds["a"].open()

    assert other.status_code == 202
    assert (await waiting).json()["result"] == "a"


async def test_who_goes_away_leaves_nothing_behind(visitor):
    """The wait ends with the connection; the operation goes on."""
    first = await visitor.start("web_echo", **ECHO)
    owner = await visitor.owner()
    client = ApplicationCommunicator(get_asgi_application(), scope_of(visitor))
    body = json.dumps({"name": "a"}).encode()
    await client.send_input({"type": "http.request", "body": body})
    await tasks.holds["a"].aentered()
    id = submission.window(owner)[0].id
    operation = pool.get().ledger.memory.get(id)
    while not await waits(operation):
        pass

    await client.send_input({"type": "http.disconnect"})
    await client.wait(timeout=5)
    while await waits(operation):
        pass

    assert id != first["id"]
    assert submission.row(owner, id).status == "RUNNING"


async def waits(operation):
    """Whether anybody waits for the operation; asked on the loop that knows."""
    loop = asyncio.get_running_loop()
    found = loop.create_future()

    def look():
        loop.call_soon_threadsafe(found.set_result, bool(operation.waiters))

    pool.get().loop.post(look)
    return await found


def scope_of(visitor):
    """The scope of a start with the visitor's cookies."""
    known = {name: morsel.value for name, morsel in visitor.client.cookies.items()}
    token = "t" * 32
    cookies = {**known, "csrftoken": token}
    headers = {
        "host": "testserver",
        "cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "content-type": "application/json",
        "prefer": "wait=5",
        "x-csrftoken": token,
    }
    return {
        "type": "http",
        "method": "POST",
        "path": "/tasks/start/web_hold/",
        "query_string": b"",
        "headers": [(name.encode(), text.encode()) for name, text in headers.items()],
    }


@pytest.mark.usefixtures("transactional_db")
def test_a_request_under_wsgi_waits_in_its_thread():
    """As Django runs async views there."""
    response = Client(headers={"Prefer": "wait=5"}).post("/tasks/start/web_echo/", ECHO)

    assert (response.status_code, response.json()["result"]) == (200, "hello in es")


async def test_pages_and_browsers_are_answered_at_once(visitor):
    """They have their table, which shows the end when it comes."""
    name = {"name": "a"}
    path = "/tasks/start/web_hold/"
    fragment = await visitor.post_htmx(path, name, Prefer="wait=5")
    redirect = await visitor.post_page(path, name, Prefer="wait=5")

    assert (fragment.status_code, redirect.status_code) == (202, 303)
    assert "Preference-Applied" not in fragment.headers


@pytest.mark.parametrize(
    ("header", "seconds", "is_async"),
    [
        ("", None, False),
        ("wait=3", 3, False),
        ("respond-async, wait=60", 5, True),
        ("Wait = 2; foo=bar", 2, False),
        ('return=minimal, wait="4"', 4, False),
        ("wait=1, wait=2", 1, False),
        ("respond-async", None, True),
        ("wait=0", 0, False),
        (f"wait={'9' * 5000}", 5, False),
        ("wait=-1", None, False),
        ("wait=1.5", None, False),
        ("wait=\u00b2", None, False),
        ("wait", None, False),
        ("awaiting=3", None, False),
        (",,;=,", None, False),
    ],
)
def test_the_header_is_read_as_its_standard_says(header, seconds, is_async):
    """RFC 7240: any order and case, the first of two, nothing that is no number."""
    request = RequestFactory(headers={"Prefer": header}).post("/")

    assert read_preferences(request) == (seconds, is_async)
