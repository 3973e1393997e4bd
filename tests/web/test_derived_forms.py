"""Tasks whose form comes from their annotations, as visitors and programs use them."""

import pytest

from tests.controls import sent_by

pytestmark = pytest.mark.urls("tests.web.urls")

START = "/tasks/start/web_derived/"


async def result_of(visitor):
    """What the visitor's newest operation returned."""
    row, *_ = await visitor.until(lambda rows: rows and rows[0].is_finished)
    return (await visitor.get(f"/tasks/{row.id}/result/")).json()["result"]


async def test_a_page_has_the_fields_and_a_browser_sends_them(visitor):
    """A refused form comes back as a page, and what it sends then starts the task."""
    page = await visitor.post_page(START, {"text": ""})
    html = page.content.decode()
    assert page.status_code == 400
    assert '<option value="slow"' in html

    # Without a tick in its first request, the box has none in the page.
    await visitor.post_page(START, {**sent_by(html).dict(), "text": "a", "key": "1"})

    assert await result_of(visitor) == "('a', <Pace.SLOW: 'slow'>, 2, False)"


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ({"text": "a"}, "('a', <Pace.SLOW: 'slow'>, 2, True)"),
        (
            {"text": "a", "pace": "fast", "times": 5, "loud": False},
            "('a', <Pace.FAST: 'fast'>, 5, False)",
        ),
        ({"text": "a", "times": None}, "('a', <Pace.SLOW: 'slow'>, 2, True)"),
    ],
)
async def test_json_starts_it_with_the_same_types(visitor, body, result):
    """What it leaves out is the function's own."""
    assert (await visitor.post_json(START, body)).status_code == 202

    assert await result_of(visitor) == result


async def test_json_is_refused_by_field(visitor):
    """As any form's."""
    response = await visitor.post_json(START, {"pace": "warp", "times": "many"})

    assert response.status_code == 400
    assert {*response.json()["error"]["fields"]} == {"text", "pace", "times"}


async def test_a_shown_enum_is_its_value(visitor):
    """In the row and for labels, not the name of a class."""
    row = (await visitor.post_json(START, {"text": "a"})).json()

    assert row["shown"] == {"pace": "slow", "times": 2}


async def test_a_socket_starts_it(visitor, make_socket):
    """Through the same form."""
    await visitor.start("web_derived", text="first")
    socket = await make_socket(visitor, is_json=True).opened()
    await socket.receive_json_from()

    await socket.ask(type="submit", task="web_derived", data={"text": "a", "times": 9})

    assert await result_of(visitor) == "('a', <Pace.SLOW: 'slow'>, 9, True)"
