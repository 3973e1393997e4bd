"""The route of an operation's output: for programs, htmx and browsers."""

import asyncio
import re
from html import unescape

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings as django_settings
from django.test import Client

from ephemeral_tasks import pool
from ephemeral_tasks.web import connections, pieces
from tests.asgi import application
from tests.web import tasks
from tests.web.hold import until_so

pytestmark = pytest.mark.urls("tests.web.urls")


def url_of(id, **place):
    """The route of an operation's output from a place on."""
    query = "&".join(f"{name}={value}" for name, value in place.items())
    return f"/tasks/{id}/output/?{query}"


async def until_waiting(count=1):
    """Return once so many requests wait."""
    await until_so(lambda: sum(map(len, connections._open.values())) == count)


# -- programs --------------------------------------------------------------------------


async def test_a_program_gets_what_was_written_so_far(visitor):
    """With the place from which the next request goes on."""
    id = await visitor.writing("Hello, ", "world")

    answer = (await visitor.get(url_of(id))).json()

    assert answer == {
        "id": id,
        "status": "RUNNING",
        "is_finished": False,
        "attempt": 1,
        "start": 0,
        "end": answer["end"],
        "text": "Hello, ",
    }
    again = await visitor.get(url_of(id, start=answer["end"], attempt=1))
    assert again.json()["text"] == ""


async def test_the_next_request_gets_the_rest_and_the_end(visitor):
    """Finished with an empty text is the end."""
    id = await visitor.writing("Hello, ", "world")
    first = (await visitor.get(url_of(id))).json()

    tasks.holds["w"].open()
    await visitor.until_status("SUCCESSFUL")
    rest = (await visitor.get(url_of(id, start=first["end"], attempt=1))).json()
    last = (await visitor.get(url_of(id, start=rest["end"], attempt=1))).json()

    assert (rest["text"], rest["is_finished"]) == ("world", True)
    assert (last["text"], last["is_finished"], last["status"]) == (
        "",
        True,
        "SUCCESSFUL",
    )


async def test_a_long_output_comes_in_pieces(visitor):
    """Each at most 65,536 characters, and together they are the whole."""
    whole = "abc\U0001f600" * 40_000
    id = await visitor.writing(whole)
    place, found = {}, []

    while (answer := (await visitor.get(url_of(id, **place))).json())["text"]:
        found.append(answer["text"])
        place = {"start": answer["end"], "attempt": answer["attempt"]}

    assert max(map(len, found)) == 65_536
    assert "".join(found) == whole


async def test_a_new_attempt_is_given_from_its_start(visitor):
    """Whatever place of the one before was asked for."""
    row = await visitor.start("web_write_again", name="w")
    await tasks.holds["w 1"].aentered()
    first = (await visitor.get(url_of(row["id"]))).json()

    tasks.holds["w 1"].open()
    await tasks.holds["w 2"].aentered()
    place = {"start": first["end"], "attempt": first["attempt"]}
    second = (await visitor.get(url_of(row["id"], **place))).json()

    assert (first["text"], first["attempt"]) == ("attempt 1", 1)
    assert (second["text"], second["attempt"], second["start"]) == ("attempt 2", 2, 0)


@pytest.mark.parametrize(
    ("task", "status"), [("web_fail_writing", "FAILED"), ("web_write", "CANCELLED")]
)
async def test_what_was_written_stays_however_it_ended(visitor, task, status):
    """Until the handle goes."""
    tasks.texts["w"] = ["half of "]
    row = await visitor.start(task, name="w")
    if task == "web_write":
        await tasks.holds["w"].aentered()
        await visitor.post(f"/tasks/{row['id']}/cancel/")
    await visitor.until_status(status)

    answer = (await visitor.get(url_of(row["id"]))).json()
    await visitor.post(f"/tasks/{row['id']}/dismiss/")

    assert (answer["text"], answer["status"]) == ("half of ", status)
    assert (await visitor.get(url_of(row["id"]))).status_code == 404


@pytest.mark.parametrize(
    "place", ["start=-1", "start=x", "attempt=1.5", f"start={'9' * 5000}"]
)
async def test_a_place_that_is_none_is_refused(visitor, place):
    """As invalid input, which names the field."""
    id = await visitor.writing("a")

    answer = await visitor.get(f"/tasks/{id}/output/?{place}")

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid_input")
    assert [*error["fields"]] == [place.partition("=")[0]]


async def test_a_stranger_reads_nothing(visitor, stranger):
    """A foreign operation is as unknown as one that never was."""
    id = await visitor.writing("secret")
    await stranger.held("a")

    foreign, missing = await stranger.get(url_of(id)), await stranger.get(url_of("x"))

    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content


# -- Prefer: wait ----------------------------------------------------------------------


async def test_a_request_waits_for_more(visitor):
    """It is answered with the next text, and the answer says that it waited."""
    id = await visitor.writing("Hello, ", "world")
    place = {"start": 7, "attempt": 1}

    asked = asyncio.create_task(visitor.get(url_of(id, **place), Prefer="wait=20"))
    await until_waiting()
    tasks.holds["w"].pass_one()
    answer = await asked

    assert answer.json()["text"] == "world"
    assert answer["Preference-Applied"] == "wait=20"
    assert not connections._open


@pytest.mark.parametrize("ending", ["ends", "is tried again", "is pushed out"])
async def test_a_waiting_request_is_answered_when_the_operation(
    settings, visitor, ending
):
    """It ends, begins a new attempt, or goes."""
    settings.EPHEMERAL_TASKS = {"WINDOW_SIZE": 1}
    task = "web_write_again" if ending == "is tried again" else "web_write"
    tasks.texts["w"] = ["a"]
    row = await visitor.start(task, name="w")
    hold = tasks.holds["w 1" if ending == "is tried again" else "w"]
    await hold.aentered()
    first = (await visitor.get(url_of(row["id"]))).json()
    place = {"start": first["end"], "attempt": 1}
    asked = asyncio.create_task(
        visitor.get(url_of(row["id"], **place), Prefer="wait=20")
    )
    await until_waiting()

    if ending == "is pushed out":
        await visitor.held("other")
    else:
        hold.open()
    answer = await asked

    if ending == "is pushed out":
        assert answer.status_code == 404
    elif ending == "ends":
        assert (answer.json()["text"], answer.json()["is_finished"]) == ("", True)
    else:
        assert (answer.json()["start"], answer.json()["attempt"]) == (0, 2)


async def test_nothing_new_is_an_empty_answer_in_time(visitor):
    """After the seconds that the client would wait."""
    id = await visitor.writing("a")

    answer = await visitor.get(url_of(id, start=1, attempt=1), Prefer="wait=0")

    assert (answer.json()["text"], answer.json()["is_finished"]) == ("", False)
    assert answer["Preference-Applied"] == "wait=0"


@pytest.mark.parametrize(
    ("preference", "applied"),
    [
        ("wait=3", "wait=3"),
        ("respond-async, WAIT = 3 ; x=y", "wait=3"),
        ('note="a", wait="3"', "wait=3"),
        ("wait=3, wait=9", "wait=3"),
        ("wait=999999999", "wait=20"),
        ("wait=-1", None),
        ("wait=soon", None),
        ("wait", None),
        ("", None),
    ],
)
async def test_the_preference_is_read_as_rfc_7240_says(visitor, preference, applied):
    """The first one counts, at most twenty seconds."""
    id = await visitor.writing("a")

    answer = await visitor.get(url_of(id), Prefer=preference)

    assert answer.headers.get("Preference-Applied") == applied


async def test_waiting_requests_count_as_sockets(settings, visitor, make_socket):
    """One too many answers at once, and takes no socket's place."""
    settings.EPHEMERAL_TASKS = {"MAX_SOCKETS_PER_OWNER": 2}
    id = await visitor.writing("a", "b")
    socket = await make_socket(visitor).opened()
    place = {"start": 1, "attempt": 1}
    asked = asyncio.create_task(visitor.get(url_of(id, **place), Prefer="wait=20"))
    await until_waiting()

    refused = await visitor.get(url_of(id, **place), Prefer="wait=20")
    third = await make_socket(visitor).opened()

    assert (refused.json()["text"], "Preference-Applied" in refused) == ("", False)
    assert await third.closed_with() == 4429
    assert await socket.receive_from()
    tasks.holds["w"].pass_one()
    assert (await asked).json()["text"] == "b"


async def test_an_abandoned_request_leaves_nothing_behind(visitor):
    """No place, no waiter, no asyncio task."""
    id = await visitor.writing("a")
    before = asyncio.all_tasks()
    cookie = visitor.client.cookies[django_settings.SESSION_COOKIE_NAME].value
    request = ApplicationCommunicator(
        application,
        {
            "type": "http",
            "method": "GET",
            "path": f"/tasks/{id}/output/",
            "query_string": b"start=1&attempt=1",
            "headers": [
                (b"host", b"testserver"),
                (b"cookie", f"sessionid={cookie}".encode()),
                (b"prefer", b"wait=20"),
            ],
        },
    )
    await request.send_input({"type": "http.request"})
    await until_waiting()
    buffer = pool.get().ledger.memory.get(id).buffer
    await until_so(lambda: buffer._waiters)

    await request.send_input({"type": "http.disconnect"})
    await request.wait()

    assert not connections._open
    assert not buffer._waiters
    assert asyncio.all_tasks() == before


@pytest.mark.django_db(transaction=True)
def test_under_wsgi_nothing_waits():
    """It would hold a thread of the server; the answer does not say that it did."""
    client = Client()
    tasks.texts["w"] = ["a"]
    row = client.post("/tasks/start/web_write/", {"name": "w"}).json()
    tasks.holds["w"].entered()

    answer = client.get(
        url_of(row["id"], start=1, attempt=1), headers={"Prefer": "wait=20"}
    )

    assert answer.json()["text"] == ""
    assert "Preference-Applied" not in answer


# -- htmx ------------------------------------------------------------------------------


def next_url(fragment):
    """The URL that a fragment asks for by itself; none in the last one."""
    found = re.search(r'<span hx-get="([^"]*)"', fragment)
    return unescape(found[1]) if found else None


async def test_a_fragment_asks_for_the_next_and_the_last_does_not(visitor):
    """Each is swapped for the place from which the one before asked."""
    id = await visitor.writing("<b>\r\nHello", ", world")

    first = (await visitor.get_htmx(url_of(id))).text
    tasks.holds["w"].open()
    await visitor.until_status("SUCCESSFUL")
    second = (await visitor.get_htmx(next_url(first))).text
    last = (await visitor.get_htmx(next_url(second))).text

    assert first.startswith(
        '<pre class="task-output-text">\n&lt;b&gt;&#13;\nHello<span '
    )
    assert first.endswith("</pre>")
    assert second.startswith(", world<span ")
    assert (last, next_url(last)) == ("", None)


async def test_a_fragment_of_a_new_attempt_replaces_the_text(visitor):
    """The former attempt's is swapped as a whole."""
    row = await visitor.start("web_write_again", name="w")
    await tasks.holds["w 1"].aentered()
    first = (await visitor.get_htmx(url_of(row["id"]))).text

    tasks.holds["w 1"].open()
    await tasks.holds["w 2"].aentered()
    answer = await visitor.get_htmx(next_url(first))

    assert answer.text.startswith('<pre class="task-output-text">\nattempt 2<span')
    assert answer["HX-Retarget"] == "closest pre"
    assert answer["HX-Reswap"] == "outerHTML"


async def test_a_fragment_stops_when_its_operation_is_gone(visitor):
    """By 286, and with nothing in the place of what asked."""
    id = await visitor.writing("a")
    first = (await visitor.get_htmx(url_of(id))).text
    await visitor.post(f"/tasks/{id}/cancel/")
    await visitor.until_status("CANCELLED")
    await visitor.post(f"/tasks/{id}/dismiss/")

    answer = await visitor.get_htmx(next_url(first))

    assert (answer.status_code, answer.text) == (286, "")
    assert (await visitor.get_htmx(url_of(id))).status_code == 404


async def test_a_fragment_that_may_not_wait_asks_later(settings, visitor):
    """At the pace of a poll."""
    settings.EPHEMERAL_TASKS = {"MAX_SOCKETS_PER_OWNER": 1, "POLL_SECONDS": 7}
    id = await visitor.writing("a", "b")
    first = (await visitor.get_htmx(url_of(id))).text
    place = {"start": 1, "attempt": 1}
    asked = asyncio.create_task(visitor.get(url_of(id, **place), Prefer="wait=20"))
    await until_waiting()

    second = (await visitor.get_htmx(next_url(first), Prefer="wait=20")).text

    assert "load delay:250ms" in first
    assert "load delay:7000ms" in second
    tasks.holds["w"].pass_one()
    await asked


# -- browsers --------------------------------------------------------------------------


async def test_a_browser_gets_a_page_with_the_text_so_far(visitor):
    """And, for when it has no JavaScript, a link to look again."""
    id = await visitor.writing("<b>so far")

    page = (await visitor.get_page(url_of(id))).text

    assert "<task-output" in page
    assert "&lt;b&gt;so far</pre>" in page
    assert f'<a href="/tasks/{id}/output/' in page
    assert "ephemeral_tasks/output.js" in page


async def test_a_page_of_a_long_output_leads_to_the_rest(visitor):
    """Without JavaScript, too, all of it can be read."""
    id = await visitor.writing("a" * pieces.MAX_CHARACTERS + "the rest")

    first = (await visitor.get_page(url_of(id))).text
    url = unescape(re.search(r'href="([^"]*start=[^"]*)"', first)[1])
    second = (await visitor.get_page(url)).text

    assert "the rest" not in first
    assert "\nthe rest</pre>" in second
    assert f'data-start="{pieces.MAX_CHARACTERS}"' in second


@pytest.mark.parametrize(
    ("text", "is_exact"), [("a\r\n\n\u2028\x01\ufeff", True), ("a\0b", False)]
)
async def test_a_page_says_whether_its_text_is_exact(visitor, text, is_exact):
    """HTML cannot express U+0000: then the page's script asks for the text anew."""
    id = await visitor.writing(text)

    page = (await visitor.get_page(url_of(id))).text

    assert ("data-end=" in page) is is_exact


async def test_a_row_tells_how_much_there_is_and_nothing_of_it(visitor):
    """With a link to where it can be read, in each form."""
    id = await visitor.writing("secret" * 200, "!")

    html = (await visitor.get_htmx("/tasks/")).text
    row = (await visitor.get(f"/tasks/{id}/")).json()

    assert "1200 characters so far" in html
    assert f'href="/tasks/{id}/output/' in html
    assert "secret" not in html + str(row)
    assert (row["output_size"], "output" in row["actions"]) == (1200, True)
