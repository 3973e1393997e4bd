"""The websocket, driven as a browser and as a program drive it."""

import asyncio
import json

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from channels.sessions import SessionMiddlewareStack
from django.test import override_settings
from django.urls import set_script_prefix
from django.utils.translation import gettext_lazy

from ephemeral_tasks import pool, signals, submission
from ephemeral_tasks.web import (
    consumers,
    protocols,
    push,
    routing,
    rows,
    session_check,
)
from ephemeral_tasks.web.consumers import TaskConsumer
from ephemeral_tasks.web.owner import SESSION_KEY
from ephemeral_tasks.web.pages import Page
from tests.asgi import application
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")

ECHO = {"text": "a", "language": "es"}


@pytest.fixture
def clocked(clock):
    """The consumer's application on the test's clock, in a session stack."""
    return SessionMiddlewareStack(TaskConsumer.as_asgi(clock=clock))


# -- opening ---------------------------------------------------------------------------


async def test_a_page_gets_the_table_fragment_at_once(visitor, make_socket):
    """Byte for byte what the poll answers."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    socket = await make_socket(visitor).opened()

    frame = await socket.receive_from()

    assert frame == (await visitor.get_htmx("/tasks/")).content.decode()
    assert "hx-trigger" in frame


async def test_a_program_gets_the_table_as_json(visitor, make_socket):
    """It asks for the subprotocol and gets it."""
    row = await visitor.held("a")
    socket = make_socket(visitor, is_json=True)

    accepted, subprotocol = await socket.connect()
    frame = await socket.receive_json_from()

    assert (accepted, subprotocol) == (True, "ephemeral-tasks.v1+json")
    assert frame["type"] == "table"
    assert [one["id"] for one in frame["operations"]] == [row["id"]]


async def test_no_owner_is_closed_4401(visitor, make_socket):
    """After accepting, so that the browser does not come again and again."""
    socket = await make_socket(visitor).opened()

    assert await socket.closed_with() == 4401


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "http://localhost",
        "https://x.testserver",
        "http://[",
        "http://[::1",
        "http://]",
        "http://\u2100.testserver",
        "//testserver",
        "http:testserver",
        "",
    ],
)
async def test_a_foreign_page_is_refused(visitor, make_socket, origin):
    """Before accepting: HTTP 403. Another allowed host is foreign, too."""
    await visitor.held("a")
    socket = make_socket(visitor, origin=origin)

    assert (await socket.connect())[0] is False


@override_settings(CSRF_TRUSTED_ORIGINS=["https://*.example.com", "http://a.test:81"])
@pytest.mark.parametrize(
    ("origin", "is_accepted"),
    [
        ("https://www.example.com", True),
        ("https://example.com.evil.example", False),
        ("http://www.example.com", False),
        ("http://a.test:81", True),
        ("http://a.test", False),
    ],
)
async def test_a_trusted_page_is_served(visitor, make_socket, origin, is_accepted):
    """As CSRF_TRUSTED_ORIGINS says."""
    await visitor.held("a")
    socket = make_socket(visitor, origin=origin)

    assert (await socket.connect())[0] is is_accepted


async def test_the_eleventh_socket_is_closed_4429(visitor, make_socket):
    """And a place that became free is given away again."""
    await visitor.held("a")
    first = await make_socket(visitor).opened()
    for _ in range(9):
        await make_socket(visitor).opened()
    eleventh = await make_socket(visitor).opened()

    assert await eleventh.closed_with() == 4429
    await first.disconnect()
    again = await make_socket(visitor).opened()
    assert "operation-" in await again.receive_from()


async def test_any_other_path_is_refused(make_socket, transactional_db):
    """403, not a server's error."""
    for path in ("/", "/ws/", "/ws/other/"):
        socket = make_socket(path=path, served_by=application)
        assert (await socket.connect())[0] is False


# -- changes ---------------------------------------------------------------------------


async def test_an_end_arrives(visitor, make_socket):
    """As a fragment without a trigger, and as a row."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    page = await make_socket(visitor).opened()
    program = await make_socket(visitor, is_json=True).opened()
    await page.receive_from()
    await program.receive_json_from()

    tasks.holds["a"].open()

    fragment, event = await page.receive_from(), await program.receive_json_from()
    assert "is-successful" in fragment
    assert "hx-trigger" not in fragment
    assert (event["type"], event["operation"]["status"]) == ("row", "SUCCESSFUL")
    assert fragment == (await visitor.get_htmx("/tasks/")).content.decode()


async def test_another_tabs_dismissal_arrives(visitor, make_socket):
    """As `removed`."""
    row = await visitor.start("web_echo", **ECHO)
    await visitor.until_status("SUCCESSFUL")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    await visitor.post(f"/tasks/{row['id']}/dismiss/")

    assert await socket.receive_json_from() == {"type": "removed", "id": row["id"]}


async def test_a_stranger_gets_nothing(visitor, stranger, make_socket):
    """Neither rows nor removals."""
    await stranger.held("b")
    await stranger.until_status("RUNNING")
    socket = await make_socket(stranger, is_json=True).opened()
    await socket.receive_json_from()

    row = await visitor.start("web_echo", **ECHO)
    await visitor.until_status("SUCCESSFUL")
    await visitor.post(f"/tasks/{row['id']}/dismiss/")

    assert await socket.receive_nothing()


async def test_a_second_socket_does_not_disturb_the_first(visitor, make_socket):
    """A snapshot goes only to the socket that asked."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    first = await make_socket(visitor, is_json=True).opened()
    await first.receive_json_from()

    second = await make_socket(visitor, is_json=True).opened()
    await second.receive_json_from()

    assert await first.receive_nothing()


async def test_frames_are_paced_and_the_last_one_is_the_state(
    visitor, make_socket, clock, clocked
):
    """The first at once, the next a quarter of a second later, with all until then."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    socket = await make_socket(visitor, served_by=clocked).opened()
    assert "is-running" in await socket.receive_from()

    tasks.holds["a"].open()
    await visitor.until_status("SUCCESSFUL")
    await visitor.held("b")
    await visitor.until_status("RUNNING", "SUCCESSFUL")
    assert await socket.receive_nothing()

    await clock.advance(consumers.FRAME_SECONDS)
    frame = await socket.receive_from()

    assert frame.count("<tr") == 2
    assert frame == (await visitor.get_htmx("/tasks/")).content.decode()
    await clock.advance(consumers.FRAME_SECONDS)
    assert await socket.receive_nothing()


async def test_a_turn_tells_a_program_everything_that_changed(
    settings, visitor, make_socket, clock, clocked
):
    """A message for each row, the oldest first; the next turn has to wait."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING_PER_OWNER": None}
    started = [await visitor.held("a") for _ in range(4)]
    await visitor.until_status(*["RUNNING"] * 4)
    socket = await make_socket(visitor, is_json=True, served_by=clocked).opened()
    await socket.receive_json_from()

    tasks.holds["a"].open()
    await visitor.until_status(*["SUCCESSFUL"] * 4)
    assert await socket.receive_nothing()
    await clock.advance(consumers.FRAME_SECONDS)
    frames = [await socket.receive_json_from() for _ in range(4)]

    assert [one["operation"]["id"] for one in frames] == [row["id"] for row in started]
    await clock.advance(consumers.FRAME_SECONDS)
    assert await socket.receive_nothing()


async def test_a_busy_row_does_not_delay_the_end_of_another(
    visitor, make_socket, clock, clocked
):
    """Each turn has both, also when the busy one is older and always changed."""
    busy = await visitor.start("web_steps", name="busy")
    ending = await visitor.held("a")
    await visitor.until_status("RUNNING", "RUNNING")
    socket = await make_socket(visitor, is_json=True, served_by=clocked).opened()
    await socket.receive_json_from()

    tasks.holds["busy"].open()
    tasks.holds["a"].open()
    await visitor.until(
        lambda rows: rows[0].status == "SUCCESSFUL" and rows[1].progress.done == 1
    )
    await clock.advance(consumers.FRAME_SECONDS)
    frames = [await socket.receive_json_from() for _ in range(2)]

    assert [one["operation"]["id"] for one in frames] == [busy["id"], ending["id"]]


async def test_a_removal_and_a_new_row_come_in_one_turn(
    visitor, make_socket, clock, clocked
):
    """What is gone comes first."""
    old = await visitor.start("web_echo", **ECHO)
    await visitor.until_status("SUCCESSFUL")
    socket = await make_socket(visitor, is_json=True, served_by=clocked).opened()
    await socket.receive_json_from()

    await visitor.post(f"/tasks/{old['id']}/dismiss/")
    new = await visitor.held("a")
    await visitor.until_status("RUNNING")
    await clock.advance(consumers.FRAME_SECONDS)
    removed, row = [await socket.receive_json_from() for _ in range(2)]

    assert removed == {"type": "removed", "id": old["id"]}
    assert (row["type"], row["operation"]["id"]) == ("row", new["id"])


async def test_a_slow_reader_delays_nobody(visitor, make_socket):
    """One socket's send never returns; the other gets every state."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    stuck, never = asyncio.Event(), asyncio.Event()

    async def slow(scope, receive, send):
        async def clogged(event):
            if event["type"] == "websocket.send":
                stuck.set()
                await never.wait()
            await send(event)

        application = routing.websocket_urlpatterns[0].callback
        await application(scope, receive, clogged)

    await make_socket(visitor, served_by=slow).opened()
    await stuck.wait()
    quick = await make_socket(visitor, is_json=True).opened()
    await quick.receive_json_from()

    tasks.holds["a"].open()

    assert (await quick.receive_json_from())["operation"]["status"] == "SUCCESSFUL"


async def test_a_send_that_hangs_keeps_no_rendered_row(visitor, make_socket):
    """A row that goes meanwhile is gone from memory, too."""
    row = await visitor.start("web_echo", **ECHO)
    await visitor.until_status("SUCCESSFUL")
    owner, page = await visitor.owner(), Page.current()
    stuck, never = asyncio.Event(), asyncio.Event()

    async def slow(scope, receive, send):
        async def clogged(event):
            if event["type"] == "websocket.send":
                stuck.set()
                await never.wait()
            await send(event)

        await routing.websocket_urlpatterns[0].callback(scope, receive, clogged)

    await make_socket(visitor, served_by=slow).opened()
    await stuck.wait()
    assert rows._cache.find(owner, page)[1].shown.rows

    await visitor.post(f"/tasks/{row['id']}/dismiss/")
    await asyncio.sleep(0)  # the wake-up is on its way to this loop

    assert rows._cache.find(owner, page)[1] is None


async def test_another_tasks_rows_are_not_in_a_filtered_table(visitor, make_socket):
    """The socket's URL says which rows the page shows."""
    await visitor.held("a")
    html = (await visitor.get_page("/")).content.decode()
    paths = _socket_paths(html)

    whole, filtered = [await make_socket(visitor, path=path).opened() for path in paths]

    assert "operation-" in await whole.receive_from()
    frame = await filtered.receive_from()
    assert 'id="ephemeral-tasks-web_echo-rows"' in frame
    assert "Your last 5 operations appear here." in frame


@pytest.mark.parametrize("language", ["en", "de", "ar"])
async def test_push_and_poll_are_equal_in_every_language(
    visitor, make_socket, language
):
    """Under the page's language, time zone and prefix, byte for byte."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    headers = {"Accept-Language": language}
    html = (await visitor.get_page("/", **headers)).content.decode()
    socket = await make_socket(visitor, path=_socket_paths(html)[0]).opened()

    frame = await socket.receive_from()

    assert frame == (await visitor.get_htmx("/tasks/", **headers)).content.decode()
    assert frame in html
    assert ("Läuft" in frame) is (language == "de")


async def test_a_pushed_buttons_url_works(visitor, make_socket):
    """The Cancel button of a pushed row cancels."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    socket = await make_socket(visitor).opened()
    frame = await socket.receive_from()
    url = frame.partition('formaction="')[2].partition('"')[0]

    response = await visitor.post_htmx(url)

    assert response.status_code == 200
    assert "is-cancel" in await socket.receive_from()


@override_settings(FORCE_SCRIPT_NAME="/prefix")
async def test_below_a_prefix_all_urls_have_it(visitor, make_socket):
    """Socket, poll and buttons."""
    # What Django's handler does for each request and its test client does not; it
    # holds for this coroutine only.
    set_script_prefix("/prefix/")
    await visitor.held("a")
    html = (await visitor.get_page("/")).content.decode()
    path = _socket_paths(html)[0]
    socket = await make_socket(visitor, path=path, served_by=application).opened()

    frame = await socket.receive_from()

    assert path.startswith("/prefix/ws/tasks/?")
    assert 'hx-get="/prefix/tasks/?' in frame
    assert 'formaction="/prefix/tasks/' in frame


async def test_a_root_path_is_a_prefix_too(visitor, make_socket):
    """As servers that mount the application below a path say it."""
    await visitor.held("a")
    socket = await make_socket(
        visitor, path="/prefix/ws/tasks/", served_by=application, root_path="/prefix"
    ).opened()

    assert "operation-" in await socket.receive_from()


# -- commands --------------------------------------------------------------------------


async def test_submitting_answers_with_the_row(visitor, make_socket):
    """Through the task's form, the request echoed, the row not sent twice."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    answer = await socket.ask(
        type="submit", task="web_hold", data={"name": " b "}, request=7
    )

    assert answer["type"] == "row"
    assert answer["request"] == 7
    assert answer["operation"]["task"] == "web_hold"
    await visitor.until_status("RUNNING", "RUNNING")
    tasks.holds["b"].open()
    event = await socket.receive_json_from()
    assert event["operation"]["id"] == answer["operation"]["id"]
    assert "request" not in event


async def test_cancelling_answers_with_the_row(visitor, make_socket):
    """And the end follows."""
    row = await visitor.held("a")
    await visitor.until_status("RUNNING")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    answer = await socket.ask(type="cancel", id=row["id"], request="x")

    assert (answer["type"], answer["request"]) == ("row", "x")
    while answer["operation"]["status"] != "CANCELLED":
        answer = await socket.receive_json_from()


async def test_dismissing_answers_with_removed(visitor, make_socket):
    """Once, not once more by the change."""
    row = await visitor.start("web_echo", **ECHO)
    await visitor.until_status("SUCCESSFUL")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    answer = await socket.ask(type="dismiss", id=row["id"], request=1)

    assert answer == {"type": "removed", "id": row["id"], "request": 1}
    assert await socket.receive_nothing()


async def test_trying_again_answers_with_both(visitor, make_socket):
    """`removed` for the old one, the row of the new one."""
    row = await visitor.start("web_say", **ECHO)
    await visitor.until_status("FAILED")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    removed = await socket.ask(type="retry", id=row["id"], request=1)
    new = await socket.receive_json_from()

    assert removed == {"type": "removed", "id": row["id"], "request": 1}
    assert (new["type"], new["request"]) == ("row", 1)
    assert new["operation"]["id"] != row["id"]


async def test_a_page_may_send_commands(visitor, make_socket):
    """Htmx sends its form's values, and headers beside them."""
    row = await visitor.held("a")
    await visitor.until_status("RUNNING")
    socket = await make_socket(visitor).opened()
    await socket.receive_from()

    await socket.send_json_to({"type": "cancel", "id": row["id"], "HEADERS": {}})

    assert "is-cancel" in await socket.receive_from()


async def test_a_page_is_told_in_a_sentence(visitor, make_socket):
    """In the live region of its table, in its language."""
    await visitor.held("a")
    html = (await visitor.get_page("/", **{"Accept-Language": "de"})).content.decode()
    socket = await make_socket(visitor, path=_socket_paths(html)[1]).opened()
    await socket.receive_from()

    await socket.send_to(text_data="garbage")
    frame = await socket.receive_from()

    assert frame.startswith(
        '<p id="ephemeral-tasks-web_echo-live" hx-swap-oob="innerHTML">'
    )
    assert "Das ist kein gültiges JSON." in frame


@pytest.mark.parametrize(
    "request_", ["NaN", "Infinity", "-Infinity", "1e999", '{"a": [NaN]}']
)
async def test_an_echo_that_is_no_json_is_refused(visitor, make_socket, request_):
    """What we send can be read by every client."""
    row = await visitor.held("a")
    await visitor.until_status("RUNNING")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()
    command = f'"type": "cancel", "id": "{row["id"]}", "request": {request_}'

    await socket.send_to(text_data=f"{{{command}}}")
    answer = json.loads(await socket.receive_from(), parse_constant=pytest.fail)

    assert (answer["type"], answer["code"]) == ("error", "invalid_input")
    assert (await visitor.until_status("RUNNING"))[0].is_cancelling is False


def test_a_frame_may_hold_lazy_text():
    """It is said in the language that is active."""
    frame = protocols._encode({"label": gettext_lazy("Cancelled")})

    assert frame == '{"label": "Cancelled"}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_a_row_that_json_cannot_express_is_an_error(value):
    """Never text that no client can read; the socket closes with 4500."""
    with pytest.raises((TypeError, ValueError)):
        protocols._encode({"type": "row", "operation": {"shown": value}})


@pytest.mark.parametrize("fill", ["x", "€"])
async def test_a_message_over_four_kibibytes_closes_4413(visitor, make_socket, fill):
    """Counted in bytes; nothing is changed."""
    await visitor.held("a")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()
    text = json.dumps({"type": "cancel", "id": fill * 4096}, ensure_ascii=False)

    await socket.send_to(text_data=text)

    assert await socket.closed_with() == 4413


async def test_four_kibibytes_are_taken(visitor, make_socket):
    """The bound itself is allowed."""
    await visitor.held("a")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()
    text = json.dumps({"type": "cancel", "id": ""})

    await socket.send_to(text_data=text + " " * (4096 - len(text)))

    assert (await socket.receive_json_from())["code"] == "unknown_operation"


async def test_a_flood_of_commands_closes_4429(visitor, make_socket, clocked):
    """The fifty-first within a second."""
    await visitor.held("a")
    socket = await make_socket(visitor, is_json=True, served_by=clocked).opened()
    await socket.receive_json_from()

    for _ in range(50):
        await socket.ask(type="cancel", id="none")
    await socket.send_json_to({"type": "cancel", "id": "none"})

    assert await socket.closed_with() == 4429


async def test_fifty_a_second_are_taken(visitor, make_socket, clock, clocked):
    """The fifty-first a second later is none too many."""
    await visitor.held("a")
    socket = await make_socket(visitor, is_json=True, served_by=clocked).opened()
    await socket.receive_json_from()
    for _ in range(50):
        await socket.ask(type="cancel", id="none")
    await clock.advance(1)

    assert (await socket.ask(type="cancel", id="none"))["type"] == "error"


# -- ending ----------------------------------------------------------------------------


async def test_logout_closes_4401_and_delivers_nothing(visitor, make_socket):
    """Each of the owner's sockets."""
    await visitor.held("a")
    sockets = [await make_socket(visitor).opened() for _ in range(2)]
    for socket in sockets:
        await socket.receive_from()

    await visitor.get("/logout/")

    assert [await socket.closed_with() for socket in sockets] == [4401, 4401]


async def test_login_closes_4409_at_once(visitor, make_socket):
    """Whoever opened a socket with the session's former key sees nothing more."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    sockets = [await make_socket(visitor).opened() for _ in range(2)]
    for socket in sockets:
        await socket.receive_from()

    await visitor.get("/login/")

    assert [await socket.closed_with() for socket in sockets] == [4409, 4409]


async def test_after_login_a_new_cookie_opens_the_same_table(visitor, make_socket):
    """The owner lives on; the former cookie opens nothing."""
    row = await visitor.held("a")
    former = make_socket(visitor, is_json=True)
    await visitor.get("/login/")
    latter = make_socket(visitor, is_json=True)

    assert await (await former.opened()).closed_with() == 4401
    frame = await (await latter.opened()).receive_json_from()

    assert [one["id"] for one in frame["operations"]] == [row["id"]]


async def test_a_submission_whose_visitor_logs_out_is_refused(visitor, make_socket):
    """The form takes its time, and the owner has ended when it is valid."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    owner = await visitor.owner()
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()
    gate = tasks.form_gates["slow"]
    await socket.send_json_to(
        {"type": "submit", "task": "web_slow_form", "data": {"name": "slow"}}
    )
    await asyncio.to_thread(gate.entered.wait, 10)

    # As logout does; the form's thread is the one that its view would wait for.
    await asyncio.to_thread(submission.end_owner, owner)
    assert await socket.closed_with() == 4401
    gate.opened.set()
    await socket.disconnect()  # when what it was sent before has been obeyed

    assert submission.window(owner) == ()


async def test_what_came_between_logout_and_close_ends_too(visitor, make_socket):
    """A submission is accepted while the close is on its way to the socket."""
    await visitor.held("a")
    owner = await visitor.owner()
    socket = await make_socket(visitor).opened()
    await socket.receive_from()

    submission.end_owner(owner)
    submission.submit(owner, tasks.web_hold, name="late")  # this loop had no turn yet

    while (await socket.receive_output())["type"] != "websocket.close":
        pass
    assert submission.window(owner) == ()


async def test_a_logout_closes_though_the_cache_is_away(
    visitor, make_socket, monkeypatch
):
    """What came meanwhile cannot be ended; the socket shows nothing more."""
    await visitor.held("a")
    owner = await visitor.owner()
    socket = await make_socket(visitor).opened()
    await socket.receive_from()

    def fail(owner):
        raise OSError("the cache is away")

    monkeypatch.setattr(submission.end_owner, "function", fail)
    signals.send_ended(owner)

    assert await socket.closed_with() == 4401


async def test_a_session_that_is_gone_closes_within_a_minute(
    visitor, make_socket, clock, clocked
):
    """Deleted elsewhere, without a word to this process."""
    await visitor.held("a")
    socket = await make_socket(visitor, served_by=clocked).opened()
    await socket.receive_from()
    session = await visitor.client.asession()
    await session.adelete()

    await clock.advance(session_check.LOOK_SECONDS)

    assert await socket.closed_with() == 4401


async def test_a_session_with_another_owner_closes(
    visitor, make_socket, clock, clocked
):
    """Somebody else has logged in over it."""
    await visitor.held("a")
    socket = await make_socket(visitor, served_by=clocked).opened()
    await socket.receive_from()
    session = await visitor.client.asession()
    await session.aset(SESSION_KEY, "somebodyelse")
    await session.asave()

    await clock.advance(session_check.LOOK_SECONDS)

    assert await socket.closed_with() == 4401


async def test_an_open_socket_keeps_the_window_alive(
    visitor, make_socket, clock, clocked, pool_clock
):
    """Nobody polls, and the hour of idleness never ends."""
    await visitor.held("a")
    socket = await make_socket(visitor, served_by=clocked).opened()
    await socket.receive_from()
    owner = await visitor.owner()
    used = submission.window(owner)[0].expires_at

    pool_clock.ahead_seconds = 600
    await clock.advance(session_check.LOOK_SECONDS)
    await visitor.client.asession()  # the thread of the session's check is done

    assert (submission.window(owner)[0].expires_at - used).total_seconds() > 500


async def test_what_time_alone_has_changed_is_pushed(
    settings, visitor, make_socket, clock, clocked, pool_clock
):
    """Within a minute: nothing else happens in a table that has finished."""
    settings.EPHEMERAL_TASKS = {"IDLE_SECONDS": 6 * 3600}
    await visitor.start("web_echo", **ECHO)
    await visitor.until_status("SUCCESSFUL")
    socket = await make_socket(visitor, served_by=clocked).opened()
    assert "kept until" not in await socket.receive_from()

    pool_clock.ahead_seconds = 5.5 * 3600
    await clock.advance(session_check.LOOK_SECONDS)

    assert "kept until" in await socket.receive_from()


async def test_a_socket_that_ends_is_forgotten(visitor, make_socket):
    """However it ends: the registry of sockets does not grow."""
    await visitor.held("a")
    owner = await visitor.owner()
    socket = await make_socket(visitor).opened()
    await socket.receive_from()
    assert push.count(owner) == 1

    await socket.disconnect()

    assert push.count(owner) == 0
    assert push._mailboxes == ()


async def test_a_server_that_cancels_its_applications_leaves_nothing(
    visitor, make_socket
):
    """Daphne cancels a consumer that takes too long to close."""
    await visitor.held("a")
    owner = await visitor.owner()
    socket = await make_socket(visitor).opened()
    await socket.receive_from()

    socket.future.cancel()
    with pytest.raises(asyncio.CancelledError):
        await socket.future

    assert push.count(owner) == 0


async def test_a_failing_template_closes_the_socket(
    visitor, make_socket, tmp_path, settings, caplog
):
    """Pages connect again and poll meanwhile; the log has the reason, as text."""
    folder = tmp_path / "ephemeral_tasks"
    folder.mkdir()
    await visitor.held("a")
    (folder / "rows.html").write_text("{% include nothing %}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]

    socket = await make_socket(visitor).opened()

    assert await socket.closed_with() == 4500
    assert "a socket of a table failed" in caplog.text
    assert "error=django.template" in caplog.text
    assert not any(record.exc_info for record in caplog.records)


async def test_what_utf8_cannot_say_closes_the_socket(visitor, make_socket):
    """As any frame that a server refuses for what is in it."""

    async def encoding(scope, receive, send):
        async def encoded(message):
            if message["type"] == "websocket.send":
                raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates")
            await send(message)

        await routing.websocket_urlpatterns[0].callback(scope, receive, encoded)

    await visitor.held("a")
    socket = await make_socket(visitor, served_by=encoding).opened()

    assert await socket.closed_with() == 4500


async def test_a_close_that_fails_leaves_no_open_socket(visitor, make_socket):
    """The application ends with an error: each server then drops the connection."""

    async def particular(scope, receive, send):
        async def choosing(message):
            if message["type"] == "websocket.close":
                raise Exception("invalid close code")  # as autobahn does
            await send(message)

        await routing.websocket_urlpatterns[0].callback(scope, receive, choosing)

    await visitor.held("a")
    owner = await visitor.owner()
    socket = await make_socket(visitor, served_by=particular).opened()
    await socket.receive_from()

    await visitor.get("/logout/")

    with pytest.raises(RuntimeError, match="could not be closed"):
        await asyncio.wait_for(socket.future, 5)
    assert push.count(owner) == 0


async def test_a_session_store_that_is_away_ends_no_socket(
    visitor, make_socket, clock, clocked, store_away
):
    """It is asked again a minute later."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    socket = await make_socket(visitor, is_json=True, served_by=clocked).opened()
    await socket.receive_json_from()
    session = await visitor.client.asession()

    with store_away as asked:
        await clock.advance(session_check.LOOK_SECONDS)
        await asked.wait()
    assert await socket.receive_nothing()
    await session.adelete()

    await clock.advance(session_check.LOOK_SECONDS)
    assert await socket.closed_with() == 4401


async def test_a_session_store_that_is_away_at_the_opening_closes_4500(
    visitor, make_socket, store_away
):
    """An error of ours: the page comes again."""
    await visitor.held("a")

    with store_away:
        socket = await make_socket(visitor).opened()

        assert await socket.closed_with() == 4500


async def test_a_form_that_raises_is_refused(visitor, make_socket, caplog):
    """Over JSON it may be the input's kind; the error's text stays out of the log."""
    await visitor.held("a")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    await socket.send_json_to({"type": "submit", "task": "web_broken", "data": {}})

    assert (await socket.receive_json_from())["code"] == "invalid_input"
    assert "a mistake in the form" not in caplog.text
    assert "builtins.LookupError" in caplog.text


@pytest.mark.parametrize("error", [OSError, RuntimeError])
async def test_a_frame_to_a_client_that_has_just_gone_is_no_failure(
    visitor, make_socket, caplog, error
):
    """Daphne and uvicorn refuse it, each in its way; nothing is left or logged."""
    is_refused = asyncio.Event()

    async def gone(scope, receive, send):
        async def refusing(message):
            if message["type"] == "websocket.send":
                is_refused.set()
                raise error("the protocol is closed")
            await send(message)

        await routed(scope, receive, refusing)

    routed = URLRouter(routing.websocket_urlpatterns)
    await visitor.held("a")
    owner = await visitor.owner()

    socket = await make_socket(visitor, served_by=gone).opened()
    await is_refused.wait()
    await socket.disconnect()

    assert push.count(owner) == 0
    assert "failed" not in caplog.text


async def test_the_servers_end_drains_and_closes_1012(visitor, make_socket):
    """Lifespan's shutdown: work first, then sockets, browsers come back."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    socket = await make_socket(visitor).opened()
    await socket.receive_from()
    lifespan = ApplicationCommunicator(application, {"type": "lifespan"})
    await lifespan.send_input({"type": "lifespan.startup"})
    assert await lifespan.receive_output() == {"type": "lifespan.startup.complete"}

    await lifespan.send_input({"type": "lifespan.shutdown"})
    tasks.holds["a"].open()

    assert await lifespan.receive_output() == {"type": "lifespan.shutdown.complete"}
    assert "is-successful" in await socket.receive_from()
    assert await socket.closed_with() == 1012


async def test_startup_starts_no_pool(transactional_db):
    """The first submission does."""
    lifespan = ApplicationCommunicator(application, {"type": "lifespan"})
    await lifespan.send_input({"type": "lifespan.startup"})
    await lifespan.receive_output()

    assert pool.current() is None
    await lifespan.send_input({"type": "lifespan.shutdown"})
    await lifespan.receive_output()


def _socket_paths(html):
    """The sockets that the page's tables connect to, in order."""
    return [part.partition('"')[0] for part in html.split('ws-connect="')[1:]]


async def test_ten_thousand_steps_end_with_the_end(visitor, make_socket):
    """The last frame says so, and any five frames took a second or more."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()
    loop = asyncio.get_running_loop()
    frames = []

    await visitor.start("web_rush")
    while not frames or frames[-1][1]["operation"]["status"] != "SUCCESSFUL":
        frames.append((loop.time(), await socket.receive_json_from()))

    moments = [moment for moment, _ in frames]
    spans = [
        later - moment for moment, later in zip(moments, moments[4:], strict=False)
    ]
    assert all(span > 0.95 for span in spans)
    assert await socket.receive_nothing()
