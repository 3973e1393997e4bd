"""JSON of any type, for any field, by any route: understood, or refused in words."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from ephemeral_tasks.web import json_input
from tests.web.tasks import KindsForm

pytestmark = pytest.mark.urls("tests.web.urls")

KINDS = "/tasks/start/web_kinds/"
# As JSON texts, for Python's own writer would not write some of them.
VALUES = [
    "5",
    "-1",
    "1.5",
    "1e30",
    "1" + "0" * 400,
    "true",
    "false",
    "null",
    '""',
    '"x"',
    "[]",
    "[1]",
    '["1", "1"]',
    "[true, 1]",
    "[null]",
    "[[1]]",
    "{}",
    '{"a": 1}',
    "[{}]",
]
NAMES = [
    *KindsForm.base_fields,
    *("split_0", "picked_year", "file-clear", "nothing", "key", "next"),
]


@pytest.mark.parametrize("value", VALUES)
async def test_any_type_for_any_field(visitor, value):
    """Accepted, or 400 `invalid_input`; never an error of the server."""
    for name in NAMES:
        answer = await visitor.post_json(KINDS, f'{{"{name}": {value}}}')

        assert answer.status_code in {202, 400}, (name, value)
        if answer.status_code == 400:
            assert answer.json()["error"]["code"] == "invalid_input"
            assert answer.json()["error"]["message"]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    "asker", [{"HX-Request": "true"}, {"Accept": "text/html"}], ids=["htmx", "browser"]
)
async def test_a_refused_form_is_rendered_with_any_type(visitor, value, asker):
    """All fields at once, one of them refused for sure."""
    values = ", ".join(f'"{name}": {value}' for name in NAMES if name != "number")
    body = f'{{"number": "none", {values}}}'

    answer = await visitor.post_json(KINDS, body, **asker)

    assert answer.status_code == 400


@pytest.mark.parametrize("value", VALUES)
async def test_any_type_over_the_socket(visitor, make_socket, value):
    """The socket reads its data as a request does, and stays open."""
    await visitor.held("a")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()
    for name in ("day", "perhaps", "address", "document", "number"):
        await socket.send_to(
            text_data=f'{{"type": "submit", "task": "web_kinds", "request": "{name}", '
            f'"data": {{"number": "none", "{name}": {value}}}}}'
        )
        while (frame := await socket.receive_json_from()).get("request") != name:
            pass

        assert frame["type"] in {"row", "error"}
        assert frame.get("code", "invalid_input") == "invalid_input"


@pytest.mark.parametrize(
    ("name", "given", "cleaned"),
    [
        ("text", 5, "5"),
        ("text", True, "True"),
        ("number", 7, 7),
        ("number", 7.0, 7),
        ("ratio", 1.5, 1.5),
        ("price", 1.5, "1.5"),
        ("local", 1234.5, 1234.5),
        ("sure", True, True),
        ("sure", False, False),
        ("perhaps", True, True),
        ("perhaps", False, False),
        ("choice", 1, "1"),
        ("choice", True, "True"),
        ("typed", 1, 1),
        ("several", [1, True], ["1", "True"]),
        ("several", "1", ["1"]),
        ("several", 1, ["1"]),
        ("document", {"a": [1, None]}, {"a": [1, None]}),
        ("document", [1, "ü"], [1, "ü"]),
        ("document", '{"a": 1}', {"a": 1}),
        ("document", True, True),
        ("day", "2026-11-26", "2026-11-26"),
    ],
)
@pytest.mark.parametrize("language", ["en", "de"])
@override_settings(USE_THOUSAND_SEPARATOR=True)
async def test_a_scalar_is_the_text_that_a_browser_would_send(
    visitor, name, given, cleaned, language
):
    """A number, a truth and a list mean what they mean in the form."""
    started = await visitor.post_json(
        KINDS, {name: given}, **{"Accept-Language": language}
    )
    await visitor.until_status("SUCCESSFUL")
    answer = await visitor.get(f"/tasks/{started.json()['id']}/result/")

    assert answer.json()["result"].get(name, False) == cleaned


async def test_null_is_as_if_it_were_not_there(visitor):
    """A required field says that it is missing."""
    answer = await visitor.post_json(
        "/tasks/start/web_echo/", {"text": None, "language": "es"}
    )

    fields = answer.json()["error"]["fields"]
    assert fields == {"text": ["This field is required."]}


@pytest.mark.parametrize(
    "body",
    [
        '{"text": NaN}',
        '{"text": [Infinity]}',
        '{"text": -Infinity}',
        '{"document": {"a": 1e999}}',
        '{"text": -1e999}',
        '{"number": 1' + "0" * 5000 + "}",
        '{"document": ' + "[" * 100 + "]" * 100 + "}",
        '{"document": ' + '{"a":' * 100 + "1" + "}" * 100 + "}",
        '{"nothing": ' + "[" * 900 + "]" * 900 + "}",
        '{"nothing": ' + "[" * 9990 + "]" * 9990 + "}",
        "[" * 100_000,
        '{"text": "\\ud800"}',
        '{"text": "\\udfff and more"}',
        '{"text": "\\ude00\\ud83d"}',
        '{"\\ud800": "a key"}',
        '{"document": {"a": ["\\ud800"]}}',
        '{"document": {"\\ud800": 1}}',
        '{"nothing": "\\ud800"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"text": "\xff"}',
    ],
)
async def test_what_is_no_json_is_refused(visitor, body):
    """Numbers without end, nesting without bottom, halves of characters."""
    answer = await visitor.client.post(KINDS, body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_input"
    assert answer.json()["error"]["message"] == "This is not valid JSON."


def test_what_is_just_not_too_deep_is_read():
    """A pair of surrogates is a character, and a hundred levels are a document."""
    levels = json_input.MAX_DEPTH - 1
    text = '{"a": ' + "[" * (levels - 1) + '"\\ud83d\\ude00"' + "]" * (levels - 1) + "}"

    value = json_input.parse_object(text)["a"]
    while isinstance(value, list):
        (value,) = value
    assert value == "😀"


@pytest.mark.parametrize("text", ["key", "type", "other"])
async def test_a_form_that_raises_over_json_refuses_it(visitor, caplog, text):
    """400; the log says where, and not what."""
    answer = await visitor.post_json("/tasks/start/web_brittle/", {"text": text})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_input"
    (record,) = [one for one in caplog.records if one.name == "ephemeral_tasks"]
    assert "BrittleForm" in record.getMessage()
    assert ":clean" in record.getMessage()
    assert "secret" not in caplog.text


async def test_a_failing_system_is_no_fault_of_the_input(visitor):
    """A form that cannot reach what it needs is an error of the server."""
    with pytest.raises(OSError, match="secret"):
        await visitor.post_json("/tasks/start/web_brittle/", {"text": "system"})


async def test_a_form_that_raises_over_a_form_is_seen(visitor):
    """What a browser sends is what forms are written for."""
    with pytest.raises(TypeError):
        await visitor.post("/tasks/start/web_brittle/", {"text": "type"})


@pytest.mark.parametrize("levels", [101, 500, 925, 950, 975, 9990, 200_000])
@pytest.mark.parametrize("ask", ["post", "post_page", "post_htmx"])
async def test_a_deep_text_in_an_html_form_is_refused(visitor, ask, levels):
    """Before a JSONField reads it, or writes it again beside another field's error."""
    data = {"document": "[" * levels + "]" * levels, "number": "none"}

    answer = await getattr(visitor, ask)(KINDS, data)

    assert answer.status_code == 400
    assert "valid JSON" in answer.content.decode()


@pytest.mark.parametrize("number", ["9" * 5000, '{"a": -' + "9" * 5000 + "}"])
@pytest.mark.parametrize("ask", ["post", "post_page", "post_htmx"])
async def test_a_number_with_too_many_digits_in_an_html_form_is_refused(
    visitor, ask, number
):
    """Django's JSONField does not expect Python to refuse it."""
    answer = await getattr(visitor, ask)(KINDS, {"document": number})

    assert answer.status_code == 400
    assert "valid JSON" in answer.content.decode()


async def test_a_text_of_a_hundred_levels_in_an_html_form_is_read(visitor):
    """The bound is that of JSON from a program."""
    levels = json_input.MAX_DEPTH
    answer = await visitor.post(KINDS, {"document": "[" * levels + "]" * levels})

    assert answer.status_code == 202


def test_names_with_a_prefix_find_their_field():
    """A form may have one of its own."""
    form = KindsForm(prefix="p")

    data = json_input.encode_as_form(
        {"p-document": {"a": 1}, "p-several": [1, 2]}, form
    )

    assert json.loads(data["p-document"]) == {"a": 1}
    assert data.getlist("p-several") == ["1", "2"]


async def test_files_go_on_as_they_were(visitor):
    """An HTML form's data are left alone."""
    upload = SimpleUploadedFile("a.txt", b"content")

    answer = await visitor.post(KINDS, {"file": upload, "several": ["1", "True"]})

    assert answer.status_code == 202
