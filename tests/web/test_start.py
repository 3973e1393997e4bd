"""Starting a task, by form, by JSON, with and without JavaScript."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient, override_settings

from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")

START = "/tasks/start/web_echo/"
ECHO = {"text": "hello", "language": "es"}


async def test_a_program_gets_the_row_and_where_it_is(visitor):
    """202, Location, the row."""
    response = await visitor.post(START, ECHO)

    assert response.status_code == 202
    assert response.headers["Location"] == f"/tasks/{response.json()['id']}/"
    assert response.json()["label"] == "Echo"
    assert response.json()["shown"] == {"language": "es"}


async def test_json_is_as_good_as_a_form(visitor):
    """The same form validates it."""
    response = await visitor.post_json(START, ECHO)
    await visitor.until_status("SUCCESSFUL")

    assert response.status_code == 202
    assert tasks.calls == [ECHO]


async def test_the_form_cleans_before_the_task_sees(visitor):
    """What the form strips the task never gets."""
    await visitor.post(START, {"text": "  hello ", "language": "es"})
    await visitor.until_status("SUCCESSFUL")

    assert tasks.calls == [ECHO]


async def test_a_file_arrives_as_a_copy(visitor):
    """With name and type, after the request is over."""
    upload = SimpleUploadedFile("a.txt", b"content", "text/plain")

    started = await visitor.post("/tasks/start/web_upload/", {"document": upload})
    await visitor.until_status("SUCCESSFUL")
    answer = await visitor.get(f"/tasks/{started.json()['id']}/result/")

    assert answer.json()["result"] == {
        "name": "a.txt",
        "type": "text/plain",
        "content": "content",
    }


@override_settings(FILE_UPLOAD_MAX_MEMORY_SIZE=10)
async def test_a_file_from_disk_arrives_as_a_copy(visitor):
    """A large upload's temporary file is gone when the body runs."""
    upload = SimpleUploadedFile("a.txt", b"content" * 100, "text/plain")

    started = await visitor.post("/tasks/start/web_upload/", {"document": upload})
    await visitor.until_status("SUCCESSFUL")
    answer = await visitor.get(f"/tasks/{started.json()['id']}/result/")

    assert answer.json()["result"]["content"] == "content" * 100


async def test_the_same_key_and_input_is_one_operation(visitor):
    """Two clicks, one operation."""
    first = await visitor.post(START, {**ECHO, "key": "k"})
    second = await visitor.post(START, {**ECHO, "key": "k"})

    assert second.status_code == 202
    assert second.json()["id"] == first.json()["id"]


async def test_the_same_key_with_other_input_is_another_operation(visitor):
    """The visitor changed something and meant it."""
    first = await visitor.post(START, {**ECHO, "key": "k"})
    second = await visitor.post(START, {**ECHO, "text": "other", "key": "k"})

    assert second.json()["id"] != first.json()["id"]


async def test_another_visitors_key_is_another_operation(visitor, stranger):
    """A key that leaked opens nothing."""
    first = await visitor.post(START, {**ECHO, "key": "k"})
    second = await stranger.post(START, {**ECHO, "key": "k"})

    assert second.json()["id"] != first.json()["id"]


async def test_without_a_key_each_is_an_operation(visitor):
    """A program says twice what it wants twice."""
    first = await visitor.post(START, ECHO)
    second = await visitor.post(START, ECHO)

    assert second.json()["id"] != first.json()["id"]


async def test_a_form_with_fields_named_as_ours_keeps_them(visitor):
    """Its `key` and `next` are arguments, and the form has no second ones."""
    started = await visitor.post("/tasks/start/web_look/", {"key": "a", "next": "b"})
    await visitor.until_status("SUCCESSFUL")
    answer = await visitor.get(f"/tasks/{started.json()['id']}/result/")

    assert answer.json()["result"] == ["a", "b"]


async def test_a_form_that_names_the_request_gets_it(visitor):
    """Its choices depend on the user, on the page and when it is sent."""
    await visitor.log_in("ann")

    page = (await visitor.get_page("/own/")).content.decode()
    refused = await visitor.post("/tasks/start/web_own/", {"document": "ben.txt"})

    assert '<option value="ann.txt">' in page
    assert refused.status_code == 400


async def test_a_form_with_the_request_adds_arguments_of_the_server(visitor):
    """What `clean()` returns is what the task gets; the visitor cannot choose it."""
    await visitor.log_in("ann")
    data = {"document": "ann.txt", "user_id": "1000"}

    started = await visitor.post("/tasks/start/web_own/", data)
    await visitor.until_status("SUCCESSFUL")
    answer = await visitor.get(f"/tasks/{started.json()['id']}/result/")

    user = await get_user_model().objects.aget()
    assert answer.json()["result"] == ["ann.txt", user.pk]


async def test_a_form_with_the_request_refuses_a_socket(visitor, make_socket):
    """A message has no request, and nobody is taken for somebody else."""
    await visitor.start("web_echo", text="a", language="es")
    await visitor.until_status("SUCCESSFUL")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    answer = await socket.ask(type="submit", task="web_own", data={"document": "x"})

    assert (answer["type"], answer["code"]) == ("error", "invalid_input")
    assert "over HTTP" in answer["message"]


# -- htmx ------------------------------------------------------------------------------


async def test_htmx_gets_each_table_that_the_page_has(visitor):
    """Rows where the wrapper is live, the whole wrapper where it had no owner."""
    header = "ephemeral-tasks;live, ephemeral-tasks-web_echo;empty"

    response = await visitor.post_htmx(
        START, ECHO, **{"Ephemeral-Tasks-Tables": header}
    )
    html = response.content.decode()

    assert response.status_code == 202
    rows, wrapper = html.split("<div ")
    assert rows.startswith('<tbody id="ephemeral-tasks-rows"')
    assert 'hx-swap-oob="true"' in rows.partition(">")[0]
    assert wrapper.startswith('id="ephemeral-tasks-web_echo"')
    assert 'hx-swap-oob="true"' in wrapper.partition(">")[0]
    assert "data-has-owner" in wrapper.partition(">")[0]
    assert html.count("ws-connect") == 1
    assert html.count('data-announcement="Echo: ') == 2


async def test_htmx_gets_a_fresh_key(visitor):
    """The next click is another operation."""
    page = (await visitor.get_page("/")).content.decode()
    before = _key_in(page)

    response = await visitor.post_htmx(START, {**ECHO, "key": before})

    assert _key_in(response.content.decode()) not in {"", before}
    assert 'id="task-key-web_echo"' in response.content.decode()


async def test_a_form_alone_says_that_it_was_accepted(visitor):
    """Where no table of the page shows it."""
    response = await visitor.post_htmx(START, ECHO)

    assert "Accepted: Echo" in response.content.decode()


@pytest.mark.parametrize(
    "header", ["x;live", "ephemeral-tasks-<b>;live", ";", "ephemeral-tasksx;live"]
)
async def test_a_header_that_names_no_table_brings_none(visitor, header):
    """And is not written back."""
    response = await visitor.post_htmx(
        START, ECHO, **{"Ephemeral-Tasks-Tables": header}
    )

    assert response.status_code == 202
    assert "tbody" not in response.content.decode()
    assert "<b>" not in response.content.decode()


async def test_htmx_gets_the_refused_form(visitor):
    """With its errors, in the form's own place, nothing typed lost."""
    response = await visitor.post_htmx(START, {"text": "typed", "language": "xx"})
    html = response.content.decode()

    assert response.status_code == 400
    assert "HX-Retarget" not in response.headers
    assert response.headers["HX-Reswap"] == "outerHTML"
    assert 'value="typed"' in html
    assert "Select a valid choice" in html


@override_settings(EPHEMERAL_TASKS={"MAX_WAITING": 0, "MAX_RUNNING": 1})
async def test_htmx_gets_a_sentence_and_keeps_its_form(visitor):
    """What is not the input's fault leaves the form alone, chosen files too."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")

    response = await visitor.post_htmx(START, ECHO)

    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert response.headers["HX-Retarget"] == "find .task-form-status"
    assert response.headers["HX-Reswap"] == "innerHTML"
    assert "The server is busy" in response.content.decode()


@pytest.mark.parametrize(
    ("sender", "suffix"),
    [
        ("task-form-web_echo-3", "-3"),
        ("task-form-web_echo-k3d9xQ", "-k3d9xQ"),
        ("task-form-web_echo", ""),
        ("task-form-web_hold-3", ""),
        ("task-form-web_echo-<b>", ""),
        ("", ""),
    ],
)
async def test_htmx_gets_what_belongs_to_the_form_that_was_sent(
    visitor, sender, suffix
):
    """Fresh key, status and refused form carry the ids of that form alone."""
    trigger = {"HX-Trigger": sender}
    accepted = await visitor.post_htmx(START, ECHO, **trigger)
    refused = await visitor.post_htmx(START, {"text": "x"}, **trigger)

    for part in ("key", "status"):
        wanted = f'id="task-{part}-web_echo{suffix}"'
        assert wanted in accepted.content.decode()
        assert wanted in refused.content.decode()
    assert f'id="task-form-web_echo{suffix}"' in refused.content.decode()
    assert f'for="id{suffix}_text"' in refused.content.decode()


async def test_a_page_without_our_script_gets_its_table(visitor):
    """A page that was boosted cannot name its tables; the usual one is brought."""
    response = await visitor.post_htmx(START, ECHO)
    html = response.content.decode()

    assert '<div id="ephemeral-tasks"' in html
    assert 'hx-trigger="every' in html or "is-successful" in html
    assert "Accepted: Echo" in html


@override_settings(EPHEMERAL_TASKS={"WINDOW_SIZE": 2})
async def test_a_submission_says_what_it_stopped(visitor):
    """The oldest operation ran and is gone; a visitor does not have to guess why."""
    await visitor.held("a")
    await visitor.start("web_echo", text="a", language="es")

    answer = await visitor.post_htmx(START, ECHO)

    html = answer.content.decode()
    assert "was stopped to make way for this one: Web hold" in html


@override_settings(EPHEMERAL_TASKS={"WINDOW_SIZE": 2})
async def test_a_submission_that_stopped_nothing_does_not_say_so(visitor):
    """What had finished makes way in silence, and a second click stops nothing."""
    await visitor.start("web_echo", text="a", language="es")
    await visitor.until_status("SUCCESSFUL")
    await visitor.held("a")
    made_way = await visitor.post_htmx(START, {**ECHO, "key": "k"})
    again = await visitor.post_htmx(START, {**ECHO, "key": "k"})

    for answer in (made_way, again):
        assert "was stopped" not in answer.content.decode()


async def test_every_fragment_is_marked(visitor):
    """Pages swap nothing in that lacks the mark, and programs have no use for it."""
    row = await visitor.held("a")
    paths = ["/tasks/", f"/tasks/{row['id']}/", "/tasks/unknown/"]
    posts = [START, f"/tasks/{row['id']}/dismiss/", f"/tasks/{row['id']}/cancel/"]

    fragments = [await visitor.get_htmx(path) for path in paths]
    fragments += [await visitor.post_htmx(path) for path in posts]

    assert {one.headers["Ephemeral-Tasks"] for one in fragments} == {"fragment"}
    assert "Ephemeral-Tasks" not in (await visitor.get("/tasks/")).headers
    assert "Ephemeral-Tasks" not in (await visitor.get_page("/tasks/")).headers


# -- without JavaScript ----------------------------------------------------------------


async def test_a_browser_comes_back_to_its_page(visitor):
    """303 to `next`, and the page shows the row."""
    response = await visitor.post_page(START, {**ECHO, "next": "/plain/?a=1"})

    assert response.status_code == 303
    assert response.headers["Location"] == "/plain/?a=1"
    assert "Echo" in (await visitor.get_page("/plain/")).content.decode()


async def test_a_browser_comes_back_to_the_referring_page(visitor):
    """Where the form named none."""
    response = await visitor.post_page(START, ECHO, Referer="http://testserver/plain/")

    assert response.headers["Location"] == "/plain/"


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil",
        "",
    ],
)
async def test_a_browser_is_sent_to_no_other_host(visitor, url):
    """Neither `next` nor Referer leads away."""
    by_next = await visitor.post_page(START, {**ECHO, "next": url})
    by_referer = await visitor.post_page(START, ECHO, Referer=url)

    assert by_next.headers["Location"] == "/tasks/"
    assert by_referer.headers["Location"] == "/tasks/"


async def test_a_browser_sees_the_refused_form(visitor):
    """A page with the right status, the errors, and what was typed."""
    response = await visitor.post_page(
        START, {"text": "typed", "language": "", "next": "/plain/"}
    )
    html = response.content.decode()

    assert response.status_code == 400
    assert html.startswith("<!DOCTYPE html>")
    assert 'value="typed"' in html
    assert "This field is required." in html
    assert 'name="next" value="/plain/"' in html


@override_settings(EPHEMERAL_TASKS={"MAX_WAITING": 0, "MAX_RUNNING": 1})
async def test_a_browser_sees_why_it_must_wait(visitor):
    """The sentence, and the form as it was typed."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")

    response = await visitor.post_page(START, ECHO)
    html = response.content.decode()

    assert response.status_code == 503
    assert "The server is busy" in html
    assert 'value="hello"' in html


async def test_csrf_stays_on(transactional_db):
    """A form without a token is Django's 403; a program sends the header."""
    client = AsyncClient(enforce_csrf_checks=True)
    page = (await client.get("/")).content.decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]

    without = await client.post(START, ECHO)
    with_token = await client.post(START, {**ECHO, "csrfmiddlewaretoken": token})
    by_header = await client.post(
        START,
        json.dumps(ECHO),
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )

    assert [one.status_code for one in (without, with_token, by_header)] == [
        403,
        202,
        202,
    ]


def _key_in(html):
    tag = html.partition('name="key"')[2].partition(">")[0]
    return tag.partition('value="')[2].partition('"')[0]
