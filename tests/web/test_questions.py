"""What an operation asks: in its row, over HTTP and over a socket."""

import asyncio
import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ephemeral_tasks import result
from ephemeral_tasks.web import push
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")

NOT_OPEN = "This question is not open any more."


@pytest.fixture
def ask(visitor):
    """Starts a task and returns its row once it asks."""

    async def ask(task="web_ask"):
        await visitor.start(task)
        (row, *_) = await visitor.until(lambda rows: rows[0].question)
        return row

    return ask


async def outcome(visitor, row):
    """What the operation returned, once it has."""
    await visitor.until(lambda rows: rows[0].status == "SUCCESSFUL")
    return result(await visitor.owner(), row.id)


def tag(html, kind, /, **attributes):
    """The first tag of this name with these attributes."""
    for found in re.findall(rf"<{kind}\b[^>]*>", html):
        if all(f'{key}="{value}"' in found for key, value in attributes.items()):
            return unescape(found)
    raise AssertionError(f"no {kind} with {attributes} in {html}")


def question_in(html):
    """The question's element, up to the row's next cell."""
    question = r'<div [^>]*class="operation-question".*?</td>'
    return re.search(question, html, re.DOTALL)[0]


def question_ids(html):
    """The ids of all elements of the question."""
    return {*re.findall(r' id="([^"]*)"', question_in(html))}


def answer_url(html):
    """Where the row's answers are sent to."""
    return unescape(re.search(r'formaction="([^"]*/answer/[^"]*)"', html)[1])


# -- in the row ------------------------------------------------------------------------


async def test_a_row_shows_question_and_choices(visitor, ask):
    """As buttons of the table's form, which work without JavaScript, too."""
    row = await ask()

    html = (await visitor.get_htmx("/tasks/")).text

    assert "Overwrite 3 &lt;files&gt;?</bdi>" in html
    assert "Waiting for your answer" in html
    button = tag(html, "button", value="Keep &amp; go")
    assert 'name="answer"' in button
    assert 'form="ephemeral-tasks-actions"' in button
    assert f'formaction="/tasks/{row.id}/answer/?asked=1' in button
    assert f'hx-post="/tasks/{row.id}/answer/?asked=1' in button


async def test_a_question_is_announced(visitor, ask):
    """By the row's sentence, which a table says politely when it changes."""
    await ask()

    html = (await visitor.get_htmx("/tasks/")).text

    assert 'data-announcement="Copy asks: Overwrite 3 &lt;files&gt;?"' in html


async def test_a_row_shows_the_form_that_is_asked_for(visitor, ask):
    """Its fields belong to the table's form, and keep no other button from working."""
    row = await ask("web_ask_form")

    html = (await visitor.get_htmx("/tasks/")).text

    year = tag(html, "input", name=f"question-{row.id}-1-year")
    assert 'form="ephemeral-tasks-actions"' in year
    assert "required" not in year
    kinds = re.findall(rf'<input[^>]*name="question-{row.id}-1-kind"[^>]*>', html)
    assert len(kinds) == 2
    assert all('form="ephemeral-tasks-actions"' in kind for kind in kinds)
    # What is typed outlives each swap of the rows.
    assert "hx-preserve" in tag(html, "div", id=f"ephemeral-tasks-question-{row.id}-1")
    assert "Which &lt;year&gt;?" in html


@pytest.mark.parametrize("task", ["web_ask", "web_ask_form"])
async def test_tables_of_one_page_share_no_id_of_a_question(visitor, ask, task):
    """Htmx moves what it preserves to the table that has its id and is swapped."""
    await ask(task)

    both = (await visitor.get_htmx("/tasks/")).text
    one = (await visitor.get_htmx(f"/tasks/?task={task}")).text

    ids = [*map(question_ids, (both, one))]
    assert len(ids[0]) == len(ids[1]) > 3
    assert not ids[0] & ids[1]
    for html, found in zip((both, one), ids, strict=True):
        named = re.findall(r' (?:for|aria-labelledby)="([^"]*)"', question_in(html))
        assert named
        assert found >= {*named}


async def test_a_forms_errors_come_back_to_their_own_table(visitor, ask):
    """Whatever the task is called: a header is ASCII."""
    row = await ask("web_ask_form")
    query = urlencode({"asked": 1, "task": "größe"})

    answer = await visitor.post_htmx(
        f"/tasks/{row.id}/answer/?{query}", {f"question-{row.id}-1-year": "1999"}
    )

    assert answer["HX-Retarget"] == (
        rf"#ephemeral-tasks-gr\f6 \df e-question-{row.id}-1"
    )
    assert 'form="ephemeral-tasks-größe-actions"' in answer.text


async def test_a_form_that_needs_the_request_breaks_no_table(visitor, ask):
    """A row has none; the answer can be sent by a program."""
    await ask("web_ask_own")

    answer = await visitor.get_htmx("/tasks/")

    assert answer.status_code == 200
    assert "This form can only be sent over HTTP." in answer.text


@pytest.mark.parametrize("path", ["/tasks/", "/tasks/{id}/"])
async def test_a_form_may_read_the_database(visitor, ask, path):
    """Where a poll renders it: on no event loop."""
    await visitor.log_in("ann")
    row = await ask("web_ask_user")

    answer = await visitor.get_htmx(path.format(id=row.id))

    assert answer.status_code == 200
    assert ">ann</option>" in answer.text


async def test_a_form_of_a_socket_may_read_the_database(visitor, ask, make_socket):
    """Its rows are rendered as those of a poll are."""
    await visitor.log_in("ann")
    await ask("web_ask_user")
    socket = await make_socket(visitor).opened()

    assert ">ann</option>" in await socket.receive_from()


async def test_the_last_frame_of_a_socket_has_the_form(visitor, ask, make_socket):
    """It is sent when the server ends, before the pause after the first one is over."""
    await visitor.log_in("ann")
    await ask("web_ask")
    socket = await make_socket(visitor).opened()
    await socket.receive_from()

    await ask("web_ask_user")
    push.close_all()
    events = [await socket.receive_output()]
    while events[-1]["type"] != "websocket.close":
        events.append(await socket.receive_output())

    assert ">ann</option>" in events[-2]["text"]
    assert events[-1]["code"] == 1012


@pytest.mark.parametrize("action", ["answer", "cancel", "retry"])
async def test_a_table_after_an_action_has_the_form(visitor, ask, action):
    """Whatever was done to another operation, or was refused."""
    await visitor.log_in("ann")
    other = await ask("web_ask")
    await ask("web_ask_user")

    answer = await visitor.post_htmx(
        f"/tasks/{other.id}/{action}/", {"number": 1, "answer": "Overwrite"}
    )

    assert answer.status_code in {200, 409}
    assert ">ann</option>" in answer.text


async def test_a_refused_form_may_read_the_database(visitor, ask):
    """Its errors stand in the row, beside the choices."""
    await visitor.log_in("ann")
    row = await ask("web_ask_user")
    url = answer_url((await visitor.get_htmx("/tasks/")).text)

    answer = await visitor.post_htmx(url, {f"question-{row.id}-1-user": "0"})

    assert answer.status_code == 400
    assert "errorlist" in answer.text
    assert ">ann</option>" in answer.text


@pytest.mark.parametrize(
    ("task", "error"),
    [
        ("web_ask_year", "TypeError"),
        ("web_ask_bare", "TypeError"),
        ("web_ask_raising", "LookupError"),
    ],
)
async def test_a_form_that_raises_hides_no_other_row(visitor, ask, caplog, task, error):
    """Its own row has a note, and the log the error's class and place."""
    await visitor.held("other")
    row = await ask(task)

    answer = await visitor.get_htmx("/tasks/")

    assert answer.status_code == 200
    assert answer.text.count('class="operation ') == 2
    assert f'formaction="/tasks/{row.id}/cancel/' in answer.text
    assert "This form can only be sent over HTTP." in answer.text
    (line,) = [one.getMessage() for one in caplog.records if task in one.getMessage()]
    assert f"error=builtins.{error} at=" in line
    assert "secret" not in line


async def test_a_program_gets_the_question(visitor, ask):
    """Number, text, choices and time; what it may do says that it may answer."""
    row = await ask()

    found = (await visitor.get(f"/tasks/{row.id}/")).json()

    assert found["question"] == {
        "number": 1,
        "text": tasks.QUESTION,
        "choices": ["Overwrite", "Keep & go"],
        "asked_at": found["question"]["asked_at"],
    }
    assert "answer" in found["actions"]


# -- over HTTP -------------------------------------------------------------------------


async def test_an_answer_goes_on(visitor, ask):
    """To the next question, which has a number of its own."""
    row = await ask()

    first = await visitor.post(
        f"/tasks/{row.id}/answer/", {"number": 1, "answer": "Keep & go"}
    )
    await visitor.until(lambda rows: rows[0].question and rows[0].question.number == 2)
    await visitor.post_json(f"/tasks/{row.id}/answer/", {"number": 2, "answer": "Yes"})

    assert first.status_code == 200
    assert first.json()["id"] == row.id
    assert await outcome(visitor, row) == ["Keep & go", "Yes"]


async def test_a_rows_button_answers(visitor, ask):
    """Htmx gets the table, in which the question is gone."""
    row = await ask()
    url = answer_url((await visitor.get_htmx("/tasks/")).text)

    answer = await visitor.post_htmx(url, {"answer": "Overwrite"})

    assert answer.status_code == 200
    assert f'id="operation-{row.id}"' in answer.text
    assert "Overwrite 3" not in answer.text


async def test_a_browser_is_sent_back(visitor, ask):
    """To the page that its button stood on."""
    row = await ask()
    url = answer_url((await visitor.get_htmx("/tasks/")).text)

    answer = await visitor.post_page(url, {"answer": "Overwrite", "next": "/"})

    assert (answer.status_code, answer["Location"]) == (303, "/")
    (found,) = await visitor.until(lambda rows: rows[0].question.number == 2)
    assert found.id == row.id


@pytest.mark.parametrize("is_json", [True, False])
async def test_a_program_sends_the_fields_by_their_names(visitor, ask, is_json):
    """As form or as JSON; the body gets what the form cleaned."""
    row = await ask("web_ask_form")
    send = visitor.post_json if is_json else visitor.post
    values = {"number": 1, "year": 2026, "paid": True, "kind": ["a", "b"]}

    answer = await send(f"/tasks/{row.id}/answer/", values)

    assert answer.status_code == 200, answer.content
    expected = {"year": 2026, "paid": True, "kind": ["a", "b"]}
    assert await outcome(visitor, row) == expected


async def test_a_rows_fields_are_sent_by_names_with_a_prefix(visitor, ask):
    """Those of another row's question beside them change nothing."""
    row = await ask("web_ask_form")
    url = answer_url((await visitor.get_htmx("/tasks/")).text)
    fields = {f"question-{row.id}-1-year": 2026, "question-other-1-year": 1}

    answer = await visitor.post_htmx(url, {**fields, "year": 1})

    assert answer.status_code == 200
    assert (await outcome(visitor, row))["year"] == 2026


async def test_a_file_is_an_answer(visitor, ask):
    """The body gets a copy."""
    row = await ask("web_ask_file")
    html = (await visitor.get_htmx("/tasks/")).text
    proof = SimpleUploadedFile("proof.txt", b"as promised")

    await visitor.post_htmx(answer_url(html), {f"question-{row.id}-1-proof": proof})

    assert 'formenctype="multipart/form-data"' in html
    assert await outcome(visitor, row) == "as promised"


# -- what changes nothing --------------------------------------------------------------


@pytest.mark.parametrize(
    "values", [{}, {"answer": "Perhaps"}, {"answer": ""}, {"answer": ["Overwrite"]}]
)
async def test_none_of_the_choices_is_refused(visitor, ask, values):
    """As invalid input; the question stays open."""
    row = await ask()

    answer = await visitor.post_json(
        f"/tasks/{row.id}/answer/", {"number": 1, **values}
    )

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid_input")
    assert [*error["fields"]] == ["answer"]
    assert (await visitor.get(f"/tasks/{row.id}/")).json()["question"]["number"] == 1


@pytest.mark.parametrize("number", ["", "x", "0", "1.5", "9" * 5000])
async def test_a_number_that_is_none_is_refused(visitor, ask, number):
    """As invalid input."""
    row = await ask()

    answer = await visitor.post(
        f"/tasks/{row.id}/answer/", {"number": number, "answer": "Overwrite"}
    )

    assert answer.status_code == 400
    assert [*answer.json()["error"]["fields"]] == ["number"]


async def test_a_question_that_is_not_open_is_a_conflict(visitor, ask):
    """Answered before, not asked yet, or never."""
    row = await ask()
    url = f"/tasks/{row.id}/answer/"
    await visitor.post(url, {"number": 1, "answer": "Overwrite"})
    await visitor.until(lambda rows: rows[0].question and rows[0].question.number == 2)
    held = await visitor.held("a")

    for path, number in ((url, 1), (url, 3), (f"/tasks/{held['id']}/answer/", 1)):
        answer = await visitor.post(path, {"number": number, "answer": "Yes"})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (409, "conflict")
        assert error["message"] == NOT_OPEN
        assert error["operation"]["is_finished"] is False


async def test_a_stranger_answers_nothing(visitor, stranger, ask):
    """The operation is as unknown as one that never was."""
    row = await ask()
    await stranger.held("a")

    answer = await stranger.post(
        f"/tasks/{row.id}/answer/", {"number": 1, "answer": "Keep & go"}
    )

    assert answer.status_code == 404
    assert (await visitor.get(f"/tasks/{row.id}/")).json()["question"]["number"] == 1


async def test_a_forms_errors_stand_in_the_row(visitor, ask):
    """In the question's place, with what was typed; the table is left alone."""
    row = await ask("web_ask_form")
    url = answer_url((await visitor.get_htmx("/tasks/")).text)

    answer = await visitor.post_htmx(url, {f"question-{row.id}-1-year": "1999"})

    assert answer.status_code == 400
    assert answer["HX-Retarget"] == f"#ephemeral-tasks-question-{row.id}-1"
    assert answer["HX-Reswap"] == "innerHTML"
    assert "greater than or equal to 2000" in answer.text
    year = tag(answer.text, "input", name=f"question-{row.id}-1-year")
    assert 'value="1999"' in year
    assert 'form="ephemeral-tasks-actions"' in year
    assert "Which &lt;year&gt;?" in answer.text


async def test_a_forms_errors_are_a_page_without_javascript(visitor, ask):
    """From which the answer can be sent again, and which leads back."""
    row = await ask("web_ask_form")
    url = answer_url((await visitor.get_htmx("/tasks/")).text)
    name = f"question-{row.id}-1-year"

    page = await visitor.post_page(url, {name: "1999", "next": "/"})
    again = unescape(re.search(r'<form method="post" action="([^"]*)"', page.text)[1])
    answer = await visitor.post_page(again, {name: "2026", "next": "/"})

    assert page.status_code == 400
    assert "greater than or equal to 2000" in page.text
    assert 'value="1999"' in tag(page.text, "input", name=name)
    assert 'name="next" value="/"' in page.text
    assert (answer.status_code, answer["Location"]) == (303, "/")
    assert (await outcome(visitor, row))["year"] == 2026


@pytest.mark.parametrize("way", ["post_page", "post_htmx"])
async def test_a_form_of_a_pages_own_is_sent_again_as_it_came(visitor, ask, way):
    """Its fields have no prefix, and the address that it comes back with says so."""
    row = await ask("web_ask_form")
    send = getattr(visitor, way)

    refused = await send(f"/tasks/{row.id}/answer/", {"number": 1, "year": "1999"})
    url = re.search(r'(?:form)?action="([^"]*/answer/[^"]*)"', refused.text)[1]
    answer = await send(unescape(url), {"year": "2026"})

    assert refused.status_code == 400
    assert 'value="1999"' in tag(refused.text, "input", name="year")
    assert answer.status_code in {200, 303}, answer.content
    assert (await outcome(visitor, row))["year"] == 2026


async def test_a_refused_form_is_named_to_a_program(visitor, ask):
    """Each field with its messages."""
    row = await ask("web_ask_form")

    answer = await visitor.post(f"/tasks/{row.id}/answer/", {"number": 1, "year": 1999})

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid_input")
    assert [*error["fields"]] == ["year"]


# -- over a socket ---------------------------------------------------------------------


async def test_a_program_answers_over_its_socket(visitor, ask, make_socket):
    """A choice as `answer`, a form's fields as `data`; the row comes back."""
    chosen = await ask()
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    row = await socket.ask(
        type="answer", id=chosen.id, number=1, answer="Overwrite", request=7
    )
    filled = await ask("web_ask_form")
    await socket.send_json_to(
        {"type": "answer", "id": filled.id, "number": 1, "data": {"year": 2026}}
    )

    assert (row["type"], row["operation"]["id"], row["request"]) == (
        "row",
        chosen.id,
        7,
    )
    assert (await outcome(visitor, filled))["year"] == 2026


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"number": 1, "answer": "Perhaps"}, "invalid_input"),
        ({"number": 1}, "invalid_input"),
        ({"number": 2, "answer": "Overwrite"}, "conflict"),
        ({"number": "x", "answer": "Overwrite"}, "invalid_input"),
        ({"number": 1, "data": "Overwrite"}, "invalid_input"),
        ({"number": 1, "answer": "Overwrite", "id": "unknown"}, "unknown_operation"),
    ],
)
async def test_a_wrong_answer_over_a_socket_is_an_error(
    visitor, ask, make_socket, message, code
):
    """And changes nothing."""
    row = await ask()
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    error = await socket.ask(**{"type": "answer", "id": row.id, **message})

    assert (error["type"], error["code"]) == ("error", code)
    assert (await visitor.get(f"/tasks/{row.id}/")).json()["question"]["number"] == 1


async def test_a_socket_that_ended_meanwhile_answers_nothing(visitor, ask, make_socket):
    """Its visitor is gone from it before the form is valid; the operation lives on."""
    row = await ask("web_ask_slow")
    owner = await visitor.owner()
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()
    gate = tasks.form_gates["slow"]
    answer = {"type": "answer", "id": row.id, "number": 1, "data": {"name": "slow"}}
    await socket.send_json_to(answer)
    await asyncio.to_thread(gate.entered.wait, 10)

    push.close_owner(owner, 4000)
    assert await socket.closed_with() == 4000
    gate.opened.set()
    await socket.disconnect()  # when what it was sent before has been obeyed

    assert (await visitor.get(f"/tasks/{row.id}/")).json()["question"]["number"] == 1
    assert tasks.calls == []


async def test_a_sockets_page_shows_the_question(visitor, ask, make_socket):
    """As its poll would."""
    row = await ask()
    socket = await make_socket(visitor).opened()

    frame = await socket.receive_from()

    assert frame == (await visitor.get_htmx("/tasks/")).content.decode()
    assert f"/tasks/{row.id}/answer/" in frame
