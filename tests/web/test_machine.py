"""Pages, sockets and sessions whose pool is another process's."""

import asyncio
from importlib import import_module

import pytest
from django.conf import settings

from ephemeral_tasks import pool, signals, submission
from ephemeral_tasks.errors import Unreachable
from ephemeral_tasks.machine import delivery
from ephemeral_tasks.machine.table import FUNCTIONS
from ephemeral_tasks.web import connections, protocols, push, rows, sessions
from ephemeral_tasks.web.consumers import TaskConsumer
from ephemeral_tasks.web.pages import Page
from tests.machine.wiring import wire
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")


@pytest.fixture
def wired(monkeypatch):
    """Every call of a verb crosses the wire."""
    with wire(monkeypatch) as wired:
        yield wired


@pytest.fixture
def brief(monkeypatch):
    """A host that stalls costs a call a moment only."""
    monkeypatch.setattr(delivery, "CALL_SECONDS", 0.05)


async def test_a_change_while_the_window_is_on_its_way_is_sent(
    visitor, make_socket, monkeypatch
):
    """It is announced before the older window comes, which has nothing new."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    owner = await visitor.owner()
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()
    take_changes = protocols.JsonProtocol.take_changes
    wake, is_woken = TaskConsumer.wake, asyncio.Event()
    ids = []

    def note_wake(consumer):
        is_woken.set()
        wake(consumer)

    async def change_meanwhile(protocol, owner):
        found = await take_changes(protocol, owner)
        if not found and not ids:
            is_woken.clear()
            ids.append(submission.submit(owner, tasks.web_hold, name="b").id)
            await is_woken.wait()
        return found

    monkeypatch.setattr(protocols.JsonProtocol, "take_changes", change_meanwhile)
    monkeypatch.setattr(TaskConsumer, "wake", note_wake)
    signals.send_changed(owner)

    assert (await socket.receive_json_from())["operation"]["id"] == ids[0]


async def test_an_owner_that_ends_while_a_socket_is_counted_closes_it(
    visitor, make_socket, monkeypatch
):
    """Another process may be asked meanwhile."""
    await visitor.held("a")
    take = connections.take

    async def end_meanwhile(owner):
        place = await take(owner)
        submission.end_owner(owner)
        return place

    monkeypatch.setattr(connections, "take", end_meanwhile)
    socket = await make_socket(visitor).opened()

    assert await socket.closed_with() == 4401


@pytest.mark.parametrize("is_gone", [False, True])
async def test_a_login_while_a_socket_is_counted_closes_the_former_keys(
    visitor, make_socket, monkeypatch, is_gone
):
    """The new key's socket stays: its session is there and names the owner."""
    await visitor.held("a")
    take = connections.take
    client = visitor.client

    async def rotate_meanwhile(owner):
        place = await take(owner)
        push.close_owner(owner, push.SESSION_ROTATED)
        if is_gone:
            await (await client.asession()).adelete()
            sessions.seen_sessions.clear()
        await asyncio.sleep(0)  # the loop passes the code on
        return place

    monkeypatch.setattr(connections, "take", rotate_meanwhile)
    socket = await make_socket(visitor).opened()

    if is_gone:
        assert await socket.closed_with() == 4401
    else:
        assert "operation-" in await socket.receive_from()


async def test_a_place_that_nobody_got_is_not_counted(wired, brief, owner, settings):
    """Its request was cancelled, or was told that the host does not answer."""
    settings.EPHEMERAL_TASKS = {"MAX_SOCKETS_PER_OWNER": 1}
    await submission.awindow(owner)
    cancelled = asyncio.ensure_future(connections.take(owner))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    with wired.stalled(), pytest.raises(Unreachable):
        await connections.take(owner)

    place = await connections.take(owner)

    assert place is not None


async def test_a_place_that_ends_while_the_host_stalls_is_free(
    wired, brief, owner, settings
):
    """For longer than a call waits."""
    settings.EPHEMERAL_TASKS = {"MAX_SOCKETS_PER_OWNER": 1}
    place = await connections.take(owner)
    with wired.stalled():
        place.release()
        await asyncio.sleep(0)  # it is sent
        with pytest.raises(Unreachable):
            await submission.awindow(owner)

    assert await connections.take(owner) is not None


async def test_a_page_is_answered_though_the_host_stalls(
    wired, brief, visitor, make_session
):
    """Also that of a visitor whose session names no owner."""
    await make_session(visitor)
    await submission.awindow("a")
    with wired.stalled():
        page = await visitor.get_page("/tasks/")
        table = await visitor.get_htmx("/tasks/")
        unknown = await visitor.post("/tasks/a/cancel/")

    assert (page.status_code, table.status_code) == (200, 286)
    assert unknown.status_code == 404


@pytest.fixture
def make_session():
    """Gives a visitor a session without an owner."""

    async def make(visitor):
        session = await visitor.client.asession()
        await session.aset("basket", "a")
        await session.asave()

    return make


def test_a_logout_does_not_fail_though_the_host_stalls(wired, brief, owner, db):
    """The session is emptied, or the next visitor would have it."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session["basket"] = "a"
    session.save()
    submission.window(owner)
    with wired.stalled():
        session.flush()

    assert session.is_empty()


async def test_a_table_that_cannot_be_compared_is_not_kept(owner, monkeypatch):
    """An operation may have been removed while it was rendered."""
    submission.submit(owner, tasks.web_hold, name="a")

    async def fail(owner):
        raise Unreachable

    monkeypatch.setattr(submission.list_ids, "acall", fail)
    page = Page.current()

    assert "operation-" in (await rows.arender_rows(owner, page)).html
    assert rows._cache.find(owner, page)[1] is None


@pytest.mark.parametrize("kind", ["program", "htmx", "browser"])
async def test_what_was_accepted_is_never_refused(wired, visitor, monkeypatch, kind):
    """The host took it and answers no more: a refusal would be submitted again."""
    post = {
        "program": visitor.post,
        "htmx": visitor.post_htmx,
        "browser": visitor.post_page,
    }[kind]
    for name in ("row", "window", "is_known"):
        verb = f"ephemeral_tasks.submission.{name}"
        monkeypatch.setitem(FUNCTIONS, verb, refuse_to_answer)

    answer = await post("/tasks/start/web_echo/", {"text": "a", "language": "es"})

    assert answer.status_code == (303 if kind == "browser" else 202)
    if kind == "program":
        assert answer.json()["status"] == "READY"
    assert len(pool.get().ledger.memory.of(await visitor.owner())) == 1


def refuse_to_answer(*args):
    """Stand in for a host that has stopped."""
    raise Unreachable
