"""``on_leave`` and ``unique``, as browsers and programs meet them."""

import asyncio

import pytest

from ephemeral_tasks import pool, submit
from ephemeral_tasks.core import Status
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")


async def test_an_open_socket_is_no_leave(task_clock, visitor, make_socket):
    """The 30 seconds begin where the last socket ends."""
    row = await visitor.start("web_left", name="a")
    socket = await make_socket(visitor).opened()
    await socket.receive_from()  # by now it watches
    operation = pool.get().ledger.find(row["id"])

    async def wait(seconds):
        await asyncio.to_thread(task_clock.advance, seconds)
        return operation.status

    assert await wait(600.0) is Status.RUNNING
    await socket.disconnect()
    assert await wait(29.0) is Status.RUNNING
    await wait(1.0)

    await visitor.until_status("CANCELLED")


async def test_a_poll_is_no_leave(task_clock, visitor):
    """Also one that would change nothing."""
    row = await visitor.start("web_left", name="a")
    operation = pool.get().ledger.find(row["id"])
    for _ in range(4):
        await asyncio.to_thread(task_clock.advance, 20.0)
        await visitor.get_htmx("/tasks/")

    assert operation.status is Status.RUNNING


async def test_a_second_equal_submission_answers_with_the_first(visitor, make_socket):
    """Over HTTP and over a socket: the row that is there."""
    first = await visitor.start("web_unique", name="a")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    second = await visitor.start("web_unique", name="a")
    frame = await socket.ask(
        type="submit", task="web_unique", data={"name": "a"}, request=1
    )

    assert second["id"] == frame["operation"]["id"] == first["id"]
    assert pool.statistics().accepted == 1


@pytest.fixture
async def failed_and_running(visitor):
    """The ids of a failed operation and of an unfinished one that is equal."""
    failed = await visitor.start("web_unique", name="a")
    await visitor.post(f"/tasks/{failed['id']}/cancel/")
    await visitor.until_status("CANCELLED")
    running = await visitor.start("web_unique", name="a")
    return failed["id"], running["id"]


async def test_try_again_answers_with_the_one_that_runs(visitor, failed_and_running):
    """The row that was to be tried again stays."""
    failed, running = failed_and_running

    response = await visitor.post(f"/tasks/{failed}/retry/")

    assert response.status_code == 202
    assert response.json()["id"] == running
    assert response.headers["Location"].endswith(f"/{running}/")
    rows = (await visitor.get("/tasks/")).json()["operations"]
    assert [row["id"] for row in rows] == [running, failed]


async def test_a_socket_is_not_told_of_a_removal(
    visitor, make_socket, failed_and_running
):
    """Nothing was removed."""
    failed, running = failed_and_running
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    frame = await socket.ask(type="retry", id=failed, request=1)

    assert (frame["type"], frame["request"]) == ("row", 1)
    assert frame["operation"]["id"] == running


def test_a_view_that_submits_twice_gets_one(owner, db):
    """``submit()`` has the same rule."""
    handles = [submit(owner, tasks.web_unique, name="b") for _ in range(2)]

    assert handles[0] == handles[1]
