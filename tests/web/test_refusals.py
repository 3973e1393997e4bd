"""Each refusal, over HTTP and over the socket: its code, and nothing changed."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.test import RequestFactory, override_settings

from ephemeral_tasks import pool
from ephemeral_tasks.errors import EphemeralTasksError
from ephemeral_tasks.pool import draining
from ephemeral_tasks.web import inputs, refusals
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")

ECHO = {"text": "a", "language": "es"}
SMALL = override_settings(EPHEMERAL_TASKS={"MAX_WAITING": 0, "MAX_RUNNING": 1})
REFUSING = override_settings(
    EPHEMERAL_TASKS={"WINDOW_SIZE": 1, "WHEN_WINDOW_FULL": "refuse"}
)


async def nothing(visitor) -> str:
    """Somebody who has submitted, with an empty table."""
    row = await visitor.start("web_echo", **ECHO)
    await visitor.until_status("SUCCESSFUL")
    await visitor.post(f"/tasks/{row['id']}/dismiss/")
    return "0" * 32


async def running(visitor) -> str:
    """An operation that runs."""
    row = await visitor.held("a")
    await visitor.until_status("RUNNING")
    return row["id"]


async def stubborn(visitor) -> str:
    """A running operation that its owner may not cancel."""
    row = await visitor.start("web_stubborn", name="a")
    await visitor.until_status("RUNNING")
    return row["id"]


async def done(visitor) -> str:
    """An operation that ended well."""
    row = await visitor.start("web_echo", **ECHO)
    await visitor.until_status("SUCCESSFUL")
    return row["id"]


async def failed(visitor) -> str:
    """An operation that failed."""
    row = await visitor.start("web_say", **ECHO)
    await visitor.until_status("FAILED")
    return row["id"]


async def cancelled(visitor) -> str:
    """An operation that was cancelled."""
    id = await running(visitor)
    await visitor.post(f"/tasks/{id}/cancel/")
    await visitor.until_status("CANCELLED")
    return id


async def unserializable(visitor) -> str:
    """An operation whose result JSON cannot express."""
    row = await visitor.start("web_object")
    await visitor.until_status("SUCCESSFUL")
    return row["id"]


async def closing(visitor) -> str:
    """A pool that takes no more."""
    id = await running(visitor)
    draining.close(pool.get())
    return id


Ready = Callable[[Any], Awaitable[str]]

START = "/tasks/start/web_echo/"
OVER_HTTP = [
    ("invalid_input", 400, nothing, "post", START, {"text": "", "language": "es"}),
    ("invalid_input", 400, nothing, "json", START, "{"),
    ("invalid_input", 400, nothing, "json", START, "[1]"),
    ("invalid_input", 400, nothing, "json", START, "[" * 20_000),
    ("invalid_input", 400, nothing, "json", START, '{"text": NaN, "language": []}'),
    ("unknown_task", 404, nothing, "post", "/tasks/start/none/", {}),
    ("unknown_task", 404, nothing, "post", "/tasks/start/web_hidden/", {}),
    ("unknown_operation", 404, nothing, "get", "/tasks/{id}/", {}),
    ("unknown_operation", 404, nothing, "post", "/tasks/{id}/cancel/", {}),
    ("not_finished", 409, running, "get", "/tasks/{id}/result/", {}),
    ("failed", 409, failed, "get", "/tasks/{id}/result/", {}),
    ("cancelled", 409, cancelled, "get", "/tasks/{id}/result/", {}),
    ("not_serializable", 406, unserializable, "get", "/tasks/{id}/result/", {}),
    ("conflict", 409, done, "post", "/tasks/{id}/cancel/", {}),
    ("conflict", 409, failed, "post", "/tasks/{id}/cancel/", {}),
    ("conflict", 409, stubborn, "post", "/tasks/{id}/cancel/", {}),
    ("conflict", 409, running, "post", "/tasks/{id}/dismiss/", {}),
    ("conflict", 409, running, "post", "/tasks/{id}/retry/", {}),
    ("conflict", 409, done, "post", "/tasks/{id}/retry/", {}),
    ("too_large", 413, nothing, "post", START, {**ECHO, "text": "x" * 2**20}),
    ("too_large", 413, nothing, "json", START, {**ECHO, "text": "x" * 2**20}),
    ("closed", 503, closing, "post", START, ECHO),
]


@pytest.mark.parametrize(("code", "status", "ready", "how", "path", "data"), OVER_HTTP)
async def test_over_http(visitor, code, status, ready: Ready, how, path, data):
    """Code and status, a sentence, and the same rows as before."""
    id = await ready(visitor)
    before = (await visitor.get("/tasks/")).json()
    ask = {"get": visitor.get, "post": visitor.post, "json": visitor.post_json}[how]
    url = path.format(id=id)

    response = await (ask(url) if how == "get" else ask(url, data))
    error = response.json()["error"]

    assert (response.status_code, error["code"]) == (status, code)
    assert error["message"]
    assert _still((await visitor.get("/tasks/")).json()) == _still(before)


@pytest.mark.parametrize(
    ("settings", "ready", "code", "status"),
    [(SMALL, running, "queue_full", 503), (REFUSING, running, "window_full", 429)],
)
async def test_when_all_is_full(visitor, settings, ready, code, status):
    """With Retry-After, in the header and for sockets in the body."""
    with settings:
        id = await ready(visitor)

        response = await visitor.post(START, ECHO)
        error = response.json()["error"]

        assert (response.status_code, error["code"]) == (status, code)
        assert int(response.headers["Retry-After"]) == error["retry_after_seconds"] >= 1
        rows = (await visitor.get("/tasks/")).json()["operations"]
        assert [row["id"] for row in rows] == [id]


@pytest.mark.parametrize("length", [None, "0", "many", "1,2"])
def test_a_missing_or_wrong_length_is_measured(length):
    """What arrived counts, whatever the header says."""
    request = RequestFactory().generic(
        "POST", START, b"x" * (2**20 + 1), content_type="application/json"
    )
    del request.META["CONTENT_LENGTH"]
    _ = request.body
    if length is not None:
        request.META["CONTENT_LENGTH"] = length

    with pytest.raises(refusals.TooLarge, match="at most 1048576 bytes"):
        inputs.read(request)


async def test_too_large_says_what_is_allowed(visitor):
    """In bytes for programs, in words for people."""
    response = await visitor.post(START, {**ECHO, "text": "x" * 2**20})

    assert response.json()["error"]["limit_bytes"] == 2**20
    assert "1.0 MB" in response.json()["error"]["message"]


async def test_invalid_input_names_the_fields(visitor):
    """Name and messages."""
    response = await visitor.post(START, {"text": "", "language": "xx"})

    fields = response.json()["error"]["fields"]
    assert fields["text"] == ["This field is required."]
    assert "xx" in fields["language"][0]


@pytest.mark.parametrize(
    ("ready", "path"),
    [(running, "result"), (failed, "result"), (cancelled, "result")],
)
async def test_no_result_carries_the_row(visitor, ready, path):
    """So that who asked too early need not ask twice."""
    id = await ready(visitor)

    error = (await visitor.get(f"/tasks/{id}/{path}/")).json()["error"]

    assert error["operation"]["id"] == id


async def test_a_failed_ones_sentence_is_its_own(visitor):
    """What the body said with TaskFailed."""
    id = await failed(visitor)

    error = (await visitor.get(f"/tasks/{id}/result/")).json()["error"]

    assert error["message"] == "the word a cannot be said"


async def test_a_browser_gets_an_error_page(visitor):
    """With the status, the sentence and a way back."""
    id = await running(visitor)

    response = await visitor.get_page(f"/tasks/{id}/result/", Referer="/plain/")
    html = response.content.decode()

    assert response.status_code == 409
    assert "This operation has not finished yet." in html
    assert 'href="/plain/"' in html


async def test_htmx_gets_the_table_and_a_sentence(visitor):
    """A refused action shows the rows as they are, and says why in the live region."""
    id = await done(visitor)

    response = await visitor.post_htmx(f"/tasks/{id}/cancel/")
    html = response.content.decode()

    assert response.status_code == 409
    assert response.headers["HX-Reswap"] == "outerHTML"
    assert html.startswith('<tbody id="ephemeral-tasks-rows"')
    assert '<p id="ephemeral-tasks-live" hx-swap-oob="innerHTML">' in html
    assert "cannot be cancelled any more" in html


async def test_every_error_that_a_visitor_can_cause_has_a_code():
    """A new one without is found here, not by a visitor."""
    own = {
        *("BreakerOpen", "NotAnswered", "ResultTooLarge", "ResultUnfit"),
        *("SignalLoop", "TaskFailed", "UnknownCoordinator"),
    }

    def leaves(kind):
        for sub in kind.__subclasses__():
            yield sub
            yield from leaves(sub)

    missing = {
        kind.__name__
        for kind in leaves(EphemeralTasksError)
        # Other tests of the same run derive errors of their own.
        if kind.__module__.startswith("ephemeral_tasks.")
        and not issubclass(kind, tuple(refusals._CODES))
    }
    assert missing == own


# -- over the socket -------------------------------------------------------------------

OVER_SOCKET = [
    ("invalid_input", nothing, {"type": "submit", "task": "web_echo", "data": {}}),
    ("invalid_input", nothing, {"type": "submit", "task": "web_echo"}),
    ("invalid_input", nothing, {"type": "submit", "task": 1, "data": {}}),
    ("invalid_input", nothing, {"type": "submit", "task": "web_echo", "data": [1]}),
    ("invalid_input", nothing, {"type": "cancel"}),
    ("invalid_input", nothing, {"type": "cancel", "id": 1}),
    ("invalid_input", nothing, {"type": "explode"}),
    ("invalid_input", nothing, {}),
    ("unknown_task", nothing, {"type": "submit", "task": "none", "data": {}}),
    ("unknown_task", nothing, {"type": "submit", "task": "web_hidden", "data": {}}),
    ("unknown_operation", nothing, {"type": "cancel"}),
    ("unknown_operation", nothing, {"type": "dismiss"}),
    ("unknown_operation", nothing, {"type": "retry"}),
    ("conflict", done, {"type": "cancel"}),
    ("conflict", stubborn, {"type": "cancel"}),
    ("conflict", running, {"type": "dismiss"}),
    ("conflict", running, {"type": "retry"}),
    ("conflict", done, {"type": "retry"}),
    ("closed", closing, {"type": "submit", "task": "web_echo", "data": ECHO}),
]


@pytest.mark.parametrize(("code", "ready", "message"), OVER_SOCKET)
async def test_over_the_socket(visitor, make_socket, code, ready: Ready, message):
    """The same codes, the request echoed, and the same rows as before."""
    id = await ready(visitor)
    if code in {"unknown_operation", "conflict"}:
        message = {**message, "id": id}
    socket = await make_socket(visitor, is_json=True).opened()
    before = (await socket.receive_json_from())["operations"]

    answer = await socket.ask(**message, request="r1")

    assert (answer["type"], answer["code"]) == ("error", code)
    assert answer["request"] == "r1"
    assert answer["message"]
    after = (await visitor.get("/tasks/")).json()["operations"]
    assert _still(after) == _still(before)


@pytest.mark.parametrize("text", ["{", "[1]", "1", "null", "\x00", "[" * 4000, "x"])
async def test_garbage_is_answered_and_changes_nothing(visitor, make_socket, text):
    """The socket stays open."""
    await running(visitor)
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    await socket.send_to(text_data=text)

    assert (await socket.receive_json_from())["code"] == "invalid_input"
    assert await socket.receive_nothing()


async def test_binary_is_answered_and_changes_nothing(visitor, make_socket):
    """It is not understood."""
    await running(visitor)
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    await socket.send_to(bytes_data=b"\x00\x01")

    assert (await socket.receive_json_from())["code"] == "invalid_input"


@pytest.mark.parametrize(
    ("settings", "code"), [(SMALL, "queue_full"), (REFUSING, "window_full")]
)
async def test_over_the_socket_when_all_is_full(visitor, make_socket, settings, code):
    """With the seconds after which to try again."""
    with settings:
        await running(visitor)
        socket = await make_socket(visitor, is_json=True).opened()
        await socket.receive_json_from()

        answer = await socket.ask(type="submit", task="web_echo", data=ECHO)

        assert answer["code"] == code
        assert answer["retry_after_seconds"] >= 1
        assert tasks.calls == []


def _still(rows):
    """The rows without what moves by itself."""
    rows = rows["operations"] if isinstance(rows, dict) else rows
    moving = {"elapsed_seconds", "eta_seconds", "expires_at"}
    return [{key: row[key] for key in row if key not in moving} for row in rows]
