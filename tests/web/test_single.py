"""One operation by itself, and the number of unfinished ones."""

import re
from html import unescape

import pytest

from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")

ECHO = {"text": "a", "language": "es"}


async def single(visitor, row, then=""):
    """The page of one operation."""
    response = await visitor.get_page(f"/single/?id={row['id']}&then={then}")
    return response.content.decode()


def poll_of(html):
    """The address that the page's operation is polled at."""
    return unescape(re.search(r'hx-get="([^"]*operation=[^"]*)"', html)[1])


def retry_of(html):
    """Where the button Try again leads."""
    return unescape(re.search('hx-post="([^"]*/retry/[^"]*)"', html)[1])


async def test_a_single_operation_is_shown_without_the_others(visitor):
    """The others of the window are not on its page."""
    other = await visitor.start("web_echo", **ECHO)
    row = await visitor.held("a")
    await visitor.until_status("RUNNING", "SUCCESSFUL")

    html = await single(visitor, row)

    assert f'id="operation-{row["id"]}"' in html
    assert other["id"] not in html
    assert f'data-result="/tasks/{row["id"]}/result/' in html


async def test_its_poll_and_its_socket_bring_the_same(visitor, make_socket):
    """The fragment of its page, byte for byte, until it has ended."""
    row = await visitor.held("a")
    await visitor.until_status("RUNNING")
    html = await single(visitor, row, "/done/")
    url = unescape(re.search('ws-connect="([^"]*)"', html)[1])

    frame = await (await make_socket(visitor, path=url).opened()).receive_from()
    poll = await visitor.get_htmx(re.sub("version=[^&]*&", "", poll_of(html)))

    assert frame == poll.content.decode()
    assert "data-ephemeral-then" not in frame


async def test_the_next_page_is_named_once_it_has_ended_well(visitor):
    """At once, by the first poll and on a page that is opened afterwards."""
    row = await visitor.held("a")
    await visitor.until_status("RUNNING")
    url = poll_of(await single(visitor, row, "/done/?a=1"))
    tasks.holds["a"].open()
    await visitor.until_status("SUCCESSFUL")

    polled = (await visitor.get_htmx(url)).content.decode()
    opened = await single(visitor, row, "/done/?a=1")

    link = '<a href="/done/?a=1" data-ephemeral-then>'
    assert (link in polled, link in opened) == (True, True)
    assert "data-result" not in opened


async def test_a_failed_one_leads_nowhere(visitor):
    """It says why, and may be tried again."""
    row = await visitor.start("web_say", **ECHO)
    await visitor.until_status("FAILED")

    html = await single(visitor, row, "/done/")

    assert "the word a cannot be said" in html
    assert "data-ephemeral-then" not in html


@pytest.mark.parametrize(
    "then",
    ["//evil.example/", "http://evil.example/", "javascript:alert(1)", "/\\evil"],
)
async def test_the_next_page_is_one_of_the_own_host(visitor, then):
    """Whether the tag names it or a poll brings it."""
    row = await visitor.start("web_echo", **ECHO)
    await visitor.until_status("SUCCESSFUL")
    query = {"operation": row["id"], "then": then}

    opened = await single(visitor, row, then)
    polled = await visitor.client.get("/tasks/", query, headers={"HX-Request": "true"})

    assert "data-ephemeral-then" not in opened + polled.content.decode()


async def test_a_new_attempt_of_the_owner_takes_its_place(visitor):
    """The answer to Try again is the whole of it, under its own ids and socket."""
    row = await visitor.start("web_say", **ECHO)
    await visitor.until_status("FAILED")
    html = await single(visitor, row, "/done/")

    response = await visitor.post_htmx(retry_of(html))
    answer = response.content.decode()
    new = response.headers["Location"].split("/")[-2]

    assert response.status_code == 202
    assert response.headers["HX-Retarget"] == f"#ephemeral-tasks-operation-{row['id']}"
    assert f'id="ephemeral-tasks-operation-{new}"' in answer
    assert f'id="operation-{new}"' in answer


@pytest.mark.parametrize("path", ["/single/?id={}", "/waiting/{}/?a=1"])
async def test_addresses_name_the_new_attempt(visitor, path):
    """The page's own, which a reload asks for, and that of the next page."""
    row = await visitor.start("web_say", **ECHO)
    await visitor.until_status("FAILED")
    html = await single(visitor, row, f"/tasks/{row['id']}/result/")
    here = "http://testserver" + path.format(row["id"])

    header = {"HX-Current-URL": here}
    response = await visitor.post_htmx(retry_of(html), **header)

    new = response.headers["Location"].split("/")[-2]
    assert response.headers["HX-Replace-Url"] == path.format(new)
    assert f"then=%2Ftasks%2F{new}%2Fresult%2F" in response.content.decode()


@pytest.mark.parametrize("here", ["http://testserver/", "http://else/{}/", ""])
async def test_other_addresses_stay(visitor, here):
    """That of a page that chooses its operation by itself."""
    row = await visitor.start("web_say", **ECHO)
    await visitor.until_status("FAILED")
    html = await single(visitor, row)

    header = {"HX-Current-URL": here.format(row["id"])}
    response = await visitor.post_htmx(retry_of(html), **header)

    assert response.status_code == 202
    assert "HX-Replace-Url" not in response.headers


async def test_what_is_no_id_stays_gone(visitor):
    """Its refresh brings neither the table nor other ids than its page has."""
    await visitor.held("a")
    html = await single(visitor, {"id": "abc"})
    url = unescape(re.search('data-url="([^"]*operation=[^"]*)"', html)[1])

    refreshed = (await visitor.get_htmx(url)).content.decode()

    assert "This operation is gone, or it is not yours." in refreshed
    assert refreshed in html


async def test_a_foreign_operation_is_gone(visitor, stranger):
    """As one that never was."""
    row = await stranger.held("a")
    await visitor.held("b")

    html = await single(visitor, row)

    assert "This operation is gone, or it is not yours." in html
    assert f'id="operation-{row["id"]}"' not in html


async def test_the_count_is_that_of_all_unfinished_ones(visitor):
    """A number for who sees it, words for who listens; nothing when there is none."""
    row = await visitor.start("web_echo", **ECHO)
    await visitor.until_status("SUCCESSFUL")
    empty = await visitor.get_htmx("/tasks/?count=1")
    await visitor.held("a")
    await visitor.held("b")

    some = await visitor.get_htmx("/tasks/?count=1")
    html = await single(visitor, row)

    assert empty.content.decode().rstrip().endswith("></span>")
    assert (empty.status_code, some.status_code) == (286, 200)
    assert '<span aria-hidden="true">2</span>' in some.content.decode()
    assert "2 unfinished operations" in some.content.decode()
    assert 'hx-trigger="every 2000ms"' in some.content.decode()
    assert some.content.decode().split("version=")[0] in html


async def test_a_count_comes_after_the_rows(visitor):
    """HTML's parser would drop rows that come after another element."""
    await visitor.held("a")
    tables = "ephemeral-tasks--count;live, ephemeral-tasks;live"
    header = {"Ephemeral-Tasks-Tables": tables}

    response = await visitor.post_htmx(
        "/tasks/start/web_hold/", {"name": "b"}, **header
    )
    html = response.content.decode()

    assert html.startswith('<tbody id="ephemeral-tasks-rows"')
    assert 'id="ephemeral-tasks--count-rows"' in html


async def test_a_start_brings_the_count_that_the_page_has(visitor):
    """Beside the tables; and a count alone shows no operation."""
    header = {"Ephemeral-Tasks-Tables": "ephemeral-tasks--count;empty"}
    name = {"name": "a"}

    response = await visitor.post_htmx("/tasks/start/web_hold/", name, **header)
    html = response.content.decode()

    assert 'id="ephemeral-tasks--count"' in html
    assert "hx-swap-oob" in html
    assert "1 unfinished operation" in html
    assert "Accepted" in html
