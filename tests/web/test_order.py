"""Nothing is done before all that could refuse it was asked."""

from urllib.parse import urlencode

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import override_settings

from ephemeral_tasks import pool
from ephemeral_tasks.pool import draining
from tests.web.broken_sessions import SessionStore

pytestmark = pytest.mark.urls("tests.web.urls")

START = "/tasks/start/web_echo/"
ECHO = {"text": "hello", "language": "es"}
MANY = "?" + urlencode([("a", "1")] * 1100)

UNREADABLE = [
    "text/html; charset*=bogus'en'x",
    "text/html;" + "a" * 10_001,
    "text/html; q*=bogus'en'0.5, */*",
]


def accepted():
    """How many operations the pool has accepted."""
    return 0 if pool.current() is None else pool.statistics().accepted


# -- what the request's headers and parameters refuse ----------------------------------


@pytest.mark.parametrize("accept", UNREADABLE)
async def test_a_header_that_cannot_be_read_asks_for_no_html(visitor, accept):
    """The answer is JSON, before and after an operation was accepted."""
    started = await visitor.post(START, ECHO, Accept=accept)
    shown = await visitor.get("/tasks/", Accept=accept)

    assert started.status_code == 202
    assert started.json()["label"] == "Echo"
    assert [row["id"] for row in shown.json()["operations"]] == [started.json()["id"]]


@pytest.mark.parametrize("ask", ["post", "post_page", "post_htmx", "post_json"])
async def test_too_many_parameters_start_nothing(visitor, ask):
    """Django's 400, and nothing was accepted."""
    response = await getattr(visitor, ask)(START + MANY, ECHO)

    assert response.status_code == 400
    assert accepted() == 0
    assert "sessionid" not in visitor.client.cookies


@pytest.mark.parametrize("ask", ["post", "post_page", "post_htmx"])
@pytest.mark.parametrize("action", ["cancel", "dismiss", "retry"])
async def test_too_many_parameters_change_nothing(visitor, ask, action):
    """Neither is it cancelled, nor forgotten, nor tried again."""
    if action == "cancel":
        row = await visitor.held("a")
        await visitor.until_status("RUNNING")
    else:
        row = await visitor.start("web_say", **ECHO)
        await visitor.until_status("FAILED")
    before = (await visitor.get(f"/tasks/{row['id']}/")).json()

    response = await getattr(visitor, ask)(f"/tasks/{row['id']}/{action}/{MANY}")

    after = (await visitor.get(f"/tasks/{row['id']}/")).json()
    assert response.status_code == 400
    assert after["status"] == before["status"]
    assert after["is_cancelling"] is False
    assert accepted() == 1


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(visitor):
    """413 comes before what stands in the query or the body."""
    response = await visitor.post(START + MANY, {**ECHO, "text": "x" * 2**20})

    assert response.status_code == 413


# -- the session of a first submission -------------------------------------------------

BROKEN = override_settings(SESSION_ENGINE="tests.web.broken_sessions")


@BROKEN
async def test_a_session_that_cannot_be_saved_starts_nothing(visitor, monkeypatch):
    """No operation runs that nobody could ever see."""
    monkeypatch.setattr(SessionStore, "is_broken", True)

    with pytest.raises(OperationalError):
        await visitor.post(START, ECHO)

    assert accepted() == 0
    assert await Session.objects.acount() == 0


@BROKEN
async def test_once_it_can_be_saved_all_is_well(visitor, monkeypatch):
    """The next submission is a first one again."""
    with monkeypatch.context() as broken:
        broken.setattr(SessionStore, "is_broken", True)
        with pytest.raises(OperationalError):
            await visitor.post(START, ECHO)

    row = await visitor.start("web_echo", **ECHO)

    shown = (await visitor.get("/tasks/")).json()["operations"]
    assert [one["id"] for one in shown] == [row["id"]]


@BROKEN
async def test_a_session_that_was_deleted_meanwhile_starts_nothing(
    visitor, monkeypatch
):
    """Somebody logged out in another tab: 400, as Django's middleware answers."""
    await _store(visitor, basket="full")

    with monkeypatch.context() as racing:
        _delete_sessions_before_saving(racing)
        response = await visitor.post(START, ECHO)

    assert response.status_code == 400
    assert accepted() == 0


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "signed_cookies"])
async def test_a_refused_first_submission_leaves_no_session(visitor, engine):
    """It was saved, for only the pool knows that it is full, and is gone again."""
    with override_settings(SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}"):
        draining.close(pool.get())

        response = await visitor.post(START, ECHO)

        assert response.status_code == 503
        assert await Session.objects.acount() == 0
        assert "sessionid" not in visitor.client.cookies


async def test_a_refused_first_submission_leaves_the_session_as_it_was(visitor):
    """What the site keeps in it stays, and names no owner."""
    await _store(visitor, basket="full")
    draining.close(pool.get())

    response = await visitor.post(START, ECHO)

    assert response.status_code == 503
    session = await visitor.client.asession()
    assert await session.aget("basket") == "full"
    assert await visitor.owner() is None


@BROKEN
@pytest.mark.parametrize("is_refused", [False, True])
async def test_two_first_submissions_of_a_session_are_one_owner(
    visitor, monkeypatch, is_refused
):
    """The one that was slower neither takes the other's owner away nor hides it."""
    await _store(visitor, basket="full")
    faster = []

    async def meanwhile():
        faster.append(await visitor.start("web_echo", **ECHO))
        if is_refused:
            draining.close(pool.get())

    monkeypatch.setattr(SessionStore, "meanwhile", meanwhile)
    slower = await visitor.post(START, ECHO)

    shown = (await visitor.get("/tasks/")).json()["operations"]
    assert slower.status_code == (503 if is_refused else 202)
    assert [row["id"] for row in shown] == [
        *([] if is_refused else [slower.json()["id"]]),
        faster[0]["id"],
    ]


@override_settings(EPHEMERAL_TASKS={"MAX_RUNNING": 1, "MAX_WAITING": 0})
async def test_a_refused_second_click_leaves_the_first_as_it_was(visitor, stranger):
    """Two first submissions of one form are one owner, who has only one of them."""
    await visitor.get_page("/")
    stranger.client.cookies = visitor.client.cookies.copy()
    form = {"key": "k"}  # the same form in the same browser, changed between the clicks
    first = await visitor.post("/tasks/start/web_hold/", {**form, "name": "a"})

    second = await stranger.post("/tasks/start/web_hold/", {**form, "name": "b"})

    shown = (await visitor.get("/tasks/")).json()["operations"]
    assert (first.status_code, second.status_code) == (202, 503)
    assert [row["id"] for row in shown] == [first.json()["id"]]


async def test_an_accepted_first_submission_is_one_session(visitor):
    """Saved before the view ends, and the cookie names it."""
    await visitor.start("web_echo", **ECHO)

    assert await Session.objects.acount() == 1
    assert await visitor.owner() is not None


async def _store(visitor, **values):
    """Put something into the visitor's session."""
    session = await visitor.client.asession()
    await session.aupdate(values)
    await session.asave()


def _delete_sessions_before_saving(monkeypatch):
    """Delete every session once the view has read its own."""
    real = SessionStore.asave

    async def asave(self, must_create=False):
        await Session.objects.all().adelete()
        await real(self, must_create)

    monkeypatch.setattr(SessionStore, "asave", asave)
