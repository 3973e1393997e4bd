"""Outputs over a socket, as a page's script and a program watch them."""

import asyncio
import json

import pytest
from channels.sessions import SessionMiddlewareStack

from ephemeral_tasks import pool
from ephemeral_tasks.web import watches
from ephemeral_tasks.web.consumers import TaskConsumer
from tests.web import tasks
from tests.web.hold import until_so

pytestmark = pytest.mark.urls("tests.web.urls")


@pytest.fixture
def clocked(clock):
    """The consumer's application on the test's clock, in a session stack."""
    return SessionMiddlewareStack(TaskConsumer.as_asgi(clock=clock))


async def next_message(socket, *types):
    """The next message in JSON of these types; rows and fragments are passed over."""
    while True:
        frame = await socket.receive_from()
        if not frame.startswith("{"):
            continue
        message = json.loads(frame)
        if message["type"] in types:
            return message


async def next_output(socket):
    """The next message about an output."""
    return await next_message(socket, "output")


async def watch(socket, id, **place):
    """Ask for an output and return the first message about it."""
    await socket.send_json_to({"type": "watch", "id": id, **place})
    return await next_output(socket)


@pytest.mark.parametrize("is_json", [True, False])
async def test_a_watch_is_answered_now_and_whenever_there_is_more(
    visitor, make_socket, is_json
):
    """In JSON in both protocols, as the route answers, until the end."""
    id = await visitor.writing("Hello, ", "world")
    socket = await make_socket(visitor, is_json=is_json).opened()

    first = await watch(socket, id, request=[1])
    tasks.holds["w"].pass_one()
    second = await next_output(socket)
    tasks.holds["w"].pass_one()
    last = await next_output(socket)

    answer = (await visitor.get(f"/tasks/{id}/output/")).json()
    assert first == {
        **answer,
        "type": "output",
        "status": "RUNNING",
        "is_finished": False,
        "end": 7,
        "text": "Hello, ",
        "request": [1],
    }
    assert (second["text"], second["start"], "request" in second) == ("world", 7, False)
    assert (last["text"], last["is_finished"]) == ("", True)
    assert last["status"] == "SUCCESSFUL"


async def test_nothing_written_yet_is_an_empty_answer(visitor, make_socket):
    """A client knows at once that its watch was accepted."""
    row = await visitor.held("a")
    socket = await make_socket(visitor).opened()

    answer = await watch(socket, row["id"])

    assert (answer["text"], answer["is_finished"]) == ("", False)


async def test_a_watch_goes_on_from_its_place(visitor, make_socket):
    """Nothing is sent twice to a client that comes back."""
    id = await visitor.writing("Hello, ", "world")
    first = await make_socket(visitor).opened()
    known = await watch(first, id)
    await first.disconnect()
    tasks.holds["w"].pass_one()
    await tasks.holds["w"].aentered(2)

    second = await make_socket(visitor).opened()
    rest = await watch(second, id, start=known["end"], attempt=known["attempt"])

    assert rest["text"] == "world"


async def test_a_new_attempt_begins_anew(visitor, make_socket):
    """Its message starts at 0 and has another attempt's number."""
    row = await visitor.start("web_write_again", name="w")
    await tasks.holds["w 1"].aentered()
    socket = await make_socket(visitor).opened()
    first = await watch(socket, row["id"])

    tasks.holds["w 1"].open()
    found = await next_output(socket)
    while not found["text"]:
        found = await next_output(socket)

    assert (first["text"], first["attempt"]) == ("attempt 1", 1)
    assert (found["text"], found["attempt"], found["start"]) == ("attempt 2", 2, 0)


async def test_messages_are_paced_and_none_is_lost(
    visitor, make_socket, clock, clocked
):
    """At most ten a second; what was written meanwhile comes in the next one."""
    id = await visitor.writing("a", "b", "c")
    socket = await make_socket(visitor, is_json=True, served_by=clocked).opened()
    await watch(socket, id)

    tasks.holds["w"].pass_one()
    tasks.holds["w"].pass_one()
    await tasks.holds["w"].aentered(3)
    assert await socket.receive_nothing()
    await clock.advance(watches.PAUSE_SECONDS)

    assert (await next_output(socket))["text"] == "bc"


async def test_asking_again_and_again_brings_no_more(
    visitor, make_socket, clock, clocked
):
    """The pause is the output's, not the watch's."""
    id = await visitor.writing("a")
    socket = await make_socket(visitor, served_by=clocked).opened()
    await socket.receive_from()
    await watch(socket, id)

    for _ in range(3):
        await socket.send_json_to({"type": "watch", "id": id})
    assert await socket.receive_nothing()
    await clock.advance(watches.PAUSE_SECONDS)

    assert (await next_output(socket))["text"] == "a"
    await clock.advance(watches.PAUSE_SECONDS)
    assert await socket.receive_nothing()


@pytest.mark.parametrize("is_json", [True, False])
async def test_unwatch_ends_it(visitor, make_socket, is_json):
    """What is written later is not sent."""
    id = await visitor.writing("a", "b")
    socket = await make_socket(visitor, is_json=is_json).opened()
    await watch(socket, id)
    await socket.send_json_to({"type": "unwatch", "id": id})
    await socket.send_json_to({"type": "unwatch", "id": "unknown"})
    await socket.send_json_to({"type": "unclear", "request": "after"})
    frame = await socket.receive_from()
    while "after" not in frame and "not understood" not in frame:
        frame = await socket.receive_from()

    assert not pool.get().ledger.memory.get(id).buffer._waiters


@pytest.mark.parametrize("is_json", [True, False])
async def test_an_unknown_output_is_an_error_in_json(
    visitor, stranger, make_socket, is_json
):
    """With the id, in both protocols: a page's script must know what is gone."""
    await visitor.held("a")
    id = await stranger.writing("secret")
    socket = await make_socket(visitor, is_json=is_json).opened()

    await socket.send_json_to({"type": "watch", "id": id, "request": 1})

    error = await next_message(socket, "error")
    assert (error["code"], error["id"], error["request"]) == (
        "unknown_operation",
        id,
        1,
    )


async def test_a_watched_operation_that_goes_is_an_error(
    settings, visitor, make_socket
):
    """Pushed out of the window while it wrote."""
    settings.EPHEMERAL_TASKS = {"WINDOW_SIZE": 1}
    id = await visitor.writing("a", "b")
    socket = await make_socket(visitor).opened()
    await watch(socket, id)

    await visitor.held("other")

    error = await next_message(socket, "error")
    assert (error["code"], error["id"]) == ("unknown_operation", id)


@pytest.mark.parametrize("place", [{"start": -1}, {"start": "x"}, {"attempt": [1]}])
async def test_a_place_that_is_none_is_refused(visitor, make_socket, place):
    """As over HTTP."""
    id = await visitor.writing("a")
    socket = await make_socket(visitor, is_json=True).opened()

    await socket.send_json_to({"type": "watch", "id": id, **place})

    error = await next_message(socket, "error")
    assert (error["code"], [*error["fields"]]) == ("invalid_input", [*place])


async def test_a_socket_that_ends_leaves_nothing_behind(visitor, make_socket):
    """No waiter at the output, and no asyncio task."""
    id = await visitor.writing("a")
    before = asyncio.all_tasks()
    socket = await make_socket(visitor).opened()
    await watch(socket, id)
    buffer = pool.get().ledger.memory.get(id).buffer
    await until_so(lambda: buffer._waiters)

    await socket.disconnect()

    assert not buffer._waiters
    assert asyncio.all_tasks() == before


async def test_a_watch_that_waits_holds_no_text(visitor, make_socket):
    """Only the place: the text is the operation's, and goes with it."""
    id = await visitor.writing("a secret ", "b")
    socket = await make_socket(visitor).opened()
    await watch(socket, id)
    buffer = pool.get().ledger.memory.get(id).buffer
    await until_so(lambda: buffer._waiters)

    others = asyncio.all_tasks() - {asyncio.current_task()}
    held = [repr(value) for task in others for value in locals_of(task)]

    assert held
    assert not [value for value in held if "a secret" in value]


def locals_of(task):
    """The local variables of each coroutine that the task awaits."""
    coroutine = task.get_coro()
    while frame := getattr(coroutine, "cr_frame", None):
        yield from frame.f_locals.values()
        coroutine = coroutine.cr_await


async def test_a_reader_that_hangs_delays_nobody(visitor, make_socket):
    """Its send never returns; another one gets all of it, and the body goes on."""
    id = await visitor.writing("a", "b")
    stuck, never = asyncio.Event(), asyncio.Event()
    application = SessionMiddlewareStack(TaskConsumer.as_asgi())

    async def clogged(scope, receive, send):
        async def hang(event):
            if event["type"] == "websocket.send":
                stuck.set()
                await never.wait()
            await send(event)

        await application(scope, receive, hang)

    slow = await make_socket(visitor, served_by=clogged).opened()
    await slow.send_json_to({"type": "watch", "id": id})
    await stuck.wait()
    quick = await make_socket(visitor).opened()
    await watch(quick, id)

    tasks.holds["w"].open()

    assert (await next_output(quick))["text"] == "b"
    await visitor.until_status("SUCCESSFUL")
    assert (await next_output(quick))["is_finished"]


async def test_a_lone_half_of_a_character_breaks_nothing(visitor, make_socket):
    """What no frame can express arrives as what can be."""
    id = await visitor.writing("a\ud83d", "\0b")
    tasks.holds["w"].open()
    await visitor.until_status("SUCCESSFUL")
    socket = await make_socket(visitor).opened()

    found = await watch(socket, id)

    assert found["text"] == (await visitor.get(f"/tasks/{id}/output/")).json()["text"]
    assert found["text"].endswith("\0b")
