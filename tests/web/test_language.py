"""A page's language, in what its form, its table and their answers say."""

import html
import re

import pytest
from django.utils import translation

from ephemeral_tasks import submission
from tests.web import tasks
from tests.web.test_addresses import socket_path

pytestmark = pytest.mark.urls("tests.web.language_urls")

PAGES = [("/es/page/", "es"), ("/de/page/", "de"), ("/french/", "fr")]


def address(text, name, part):
    """The address in an attribute of a page, the one that has the part."""
    found = re.findall(rf'{name}="([^"]*{re.escape(part)}[^"]*)"', text)
    return html.unescape(found[0])


def in_language(language, text):
    """A text of ours in a language."""
    with translation.override(language):
        return translation.pgettext("operation", text)


@pytest.fixture(params=PAGES, ids=[language for _, language in PAGES])
def path_and_language(request):
    """A page that is not in the visitor's own language, English."""
    return request.param


@pytest.fixture
def page(visitor, path_and_language):
    """The page as it is now."""

    async def get():
        return (await visitor.get_page(path_and_language[0])).content.decode()

    return get


@pytest.mark.parametrize("way", ["post_htmx", "post_page", "post"])
async def test_what_a_form_starts_runs_in_the_pages_language(
    visitor, page, path_and_language, way
):
    """By htmx, by a plain form and by a program that posts to the same address."""
    action = address(await page(), "action", "/start/web_echo/")
    action = action.replace("web_echo", "web_language")

    await getattr(visitor, way)(action)

    await visitor.until_status("SUCCESSFUL")
    (row,) = submission.window(await visitor.owner())
    owner = await visitor.owner()
    assert submission.result(owner, row.id) == path_and_language[1]
    assert row.label == f"Language {path_and_language[1]}"


async def test_an_answer_brings_the_table_in_the_pages_language(
    visitor, page, path_and_language
):
    """The first submission's table, each poll, each push, each action."""
    language = path_and_language[1]
    action = address(await page(), "action", "/start/web_echo/")
    action = action.replace("web_echo", "web_hold")
    tables = {"Ephemeral-Tasks-Tables": "ephemeral-tasks;empty"}

    first = await visitor.post_htmx(action, {"name": "a"}, **tables)
    await visitor.until_status("RUNNING")
    text = await page()
    poll = await visitor.get_htmx(address(text, "data-url", "/tasks/"))
    cancelled = await visitor.post_htmx(address(text, "hx-post", "/cancel/"))

    cancel, state = (in_language(language, word) for word in ("Cancel", "State"))
    assert f">{cancel}</button>" in first.content.decode()
    assert state in first.content.decode()
    assert f">{cancel}</button>" in poll.content.decode()
    assert in_language(language, "Running") in poll.content.decode()
    assert cancelled.headers["Content-Language"] == language
    tasks.holds["a"].open()


async def test_a_poll_brings_what_the_socket_brings(
    visitor, page, make_socket, path_and_language
):
    """So a poll after a push changes nothing."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    text = await page()
    socket = await make_socket(visitor, path=socket_path(text)).opened()
    frame = await socket.receive_from()

    poll = await visitor.get_htmx(address(text, "data-url", "/tasks/"))
    later = await visitor.get_htmx(address(frame, "hx-get", "/tasks/"))

    assert poll.content.decode() == frame
    assert later.status_code == 204


async def test_a_refused_form_comes_back_in_the_pages_language(
    visitor, page, path_and_language
):
    """With Django's sentences; its own address keeps the language."""
    action = address(await page(), "action", "/start/web_echo/")

    for answer in (await visitor.post_htmx(action), await visitor.post_page(action)):
        text = answer.content.decode()
        with translation.override(path_and_language[1]):
            assert translation.gettext("This field is required.") in text
        assert address(text, "action", "/start/") == action


async def test_a_result_opens_in_the_pages_language(visitor, page, path_and_language):
    """Its page, and the page of all operations that it leads to."""
    await visitor.start("web_echo", text="a", language="es")
    await visitor.until_status("SUCCESSFUL")

    opened = await visitor.get_page(address(await page(), "href", "/result/"))

    text = opened.content.decode()
    assert f'lang="{path_and_language[1]}"' in text
    every = await visitor.get_page(address(text, "href", "/tasks/"))
    assert f'lang="{path_and_language[1]}"' in every.content.decode()


@pytest.mark.parametrize("asked", ["xx", "", "es-MX", "../es", "eo" * 300])
async def test_a_language_that_the_site_has_not_is_ignored(visitor, asked):
    """Django would keep a catalogue of each."""
    answer = await visitor.get_page("/tasks/", **{"Accept-Language": "de"})
    other = await visitor.client.get(
        "/tasks/",
        {"language": asked},
        headers={"Accept": "text/html", "Accept-Language": "de"},
    )

    assert answer.headers["Content-Language"] == "de"
    assert other.headers["Content-Language"] == "de"
