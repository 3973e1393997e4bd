"""Changing an operation and running it again: its form, filled."""

import gc
import weakref
from datetime import date
from decimal import Decimal

import pytest
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile

from ephemeral_tasks import pool, submit
from tests.controls import sent_by
from tests.web import tasks

pytestmark = pytest.mark.urls("tests.web.urls")


def url_of(row):
    """Where the filled form is."""
    return f"/tasks/{row['id']}/again/"


async def failed(visitor, **data):
    """The row of an operation that failed."""
    row = await visitor.start("web_say", **{"text": "x", "language": "fr", **data})
    await visitor.until_status("FAILED")
    return row


# -- where it is offered ---------------------------------------------------------------


async def test_failed_and_cancelled_ones_offer_it(visitor):
    """Their arguments are held for Try again."""
    await failed(visitor)
    held = await visitor.held("a")
    await visitor.post(f"/tasks/{held['id']}/cancel/")

    rows = await visitor.until_status("CANCELLED", "FAILED")

    assert {row.actions for row in rows} == {("retry", "again", "dismiss")}
    html = (await visitor.get_htmx("/tasks/")).content.decode()
    assert f'href="/tasks/{held["id"]}/again/' in html
    assert 'title="Change and run again"' in html


async def test_a_successful_one_offers_it_where_its_task_keeps_the_input(visitor):
    """Other tasks drop theirs at once."""
    await visitor.start("web_echo", text="a", language="es")
    await visitor.start("web_kept", text="a")

    kept, dropped = await visitor.until_status("SUCCESSFUL", "SUCCESSFUL")

    assert kept.actions == ("result", "again", "dismiss")
    assert dropped.actions == ("result", "dismiss")


async def test_without_a_form_there_is_nothing_to_fill(visitor):
    """The row does not offer it, and the address is as unknown as the task."""
    await failed(visitor)
    handle = submit(await visitor.owner(), tasks.web_bare_failure, "x")
    row, _ = await visitor.until_status("FAILED", "FAILED")

    response = await visitor.get(f"/tasks/{handle.id}/again/")

    assert row.actions == ("retry", "dismiss")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "unknown_task"


# -- the filled form -------------------------------------------------------------------


async def test_the_form_is_filled_with_the_arguments(visitor):
    """As a page for a browser, as a piece for htmx, as data for a program."""
    row = await failed(visitor, text='a "quoted" <b>')

    page = await visitor.get_page(url_of(row))
    piece = await visitor.get_htmx(url_of(row))
    program = await visitor.get(url_of(row))

    for html in (page.content.decode(), piece.content.decode()):
        sent = sent_by(html)
        assert (sent["text"], sent["language"]) == ('a "quoted" <b>', "fr")
        assert 'action="/tasks/start/web_say/' in html
    assert "<h1>Change and run again</h1>" in page.content.decode()
    assert piece.content.startswith(b"<form")
    assert program.json() == {
        "id": row["id"],
        "task": "web_say",
        "data": {"text": 'a "quoted" <b>', "language": "fr"},
    }


async def test_values_of_each_kind_come_back_as_they_went_in(visitor):
    """From the filled form, to the same arguments."""
    values = {
        "text": "é\u202e",
        "number": "-3",
        "ratio": "0.1",
        "price": "1.50",
        "day": "2026-11-26",
        "sure": "on",
        "perhaps": "false",
        "choice": "True",
        "typed": "1",
        "several": ["1", "True"],
        "id": "9f2f6a86-3b0f-4f0e-9f0a-5d2d3a9c7c11",
        "document": '{"a": [1, null]}',
    }
    row = await visitor.start("web_kept", **values)
    await visitor.until_status("SUCCESSFUL")
    first = await visitor.get(f"/tasks/{row['id']}/result/")

    html = (await visitor.get_htmx(url_of(row))).content.decode()
    sent = dict(sent_by(html).lists())
    again = await visitor.client.post("/tasks/start/web_kept/", sent)
    await visitor.until_status("SUCCESSFUL", "SUCCESSFUL")
    second = await visitor.get(f"/tasks/{again.json()['id']}/result/")

    assert again.json()["id"] != row["id"]
    assert second.json()["result"] == first.json()["result"]


async def test_arguments_that_a_view_gave_by_place_fill_the_form(visitor):
    """Whoever submitted, and however."""
    await visitor.start("web_echo", text="a", language="es")
    handle = submit(await visitor.owner(), tasks.web_say, "by place", language="fr")
    await visitor.until_status("FAILED", "SUCCESSFUL")

    response = await visitor.get(f"/tasks/{handle.id}/again/")

    assert response.json()["data"] == {"text": "by place", "language": "fr"}


async def test_a_file_is_asked_for_anew(visitor):
    """No browser takes one from a page; the rest is filled."""
    upload = SimpleUploadedFile("a.txt", b"content", "text/plain")
    row = await visitor.start("web_brief", note="see file", document=upload)
    await visitor.until_status("FAILED")

    html = (await visitor.get_page(url_of(row))).content.decode()

    assert sent_by(html)["note"] == "see file"
    assert '<input type="file" name="document"' in html
    assert "a.txt" not in html
    assert "content" not in (await visitor.get(url_of(row))).json()["data"]


async def test_a_form_that_takes_the_request_gets_it(visitor):
    """And offers what this user may choose."""
    await visitor.log_in("ann")
    pool.pause()  # so that it waits
    row = await visitor.start("web_own", document="ann.txt")
    await visitor.post(f"/tasks/{row['id']}/cancel/")

    html = (await visitor.get_page(url_of(row))).content.decode()

    assert '<option value="ann.txt" selected>' in html


async def test_running_it_again_leaves_the_old_row(visitor):
    """It is another operation, at the head of the window."""
    row = await failed(visitor)
    html = (await visitor.get_page(url_of(row))).content.decode()

    sent = {**sent_by(html).dict(), "text": "changed"}
    await visitor.post_page("/tasks/start/web_say/", sent)
    new, old = await visitor.until_status("FAILED", "FAILED")

    assert old.id == row["id"]
    assert new.error.message == "the word changed cannot be said"


async def test_a_browser_goes_back_to_where_it_came_from(visitor):
    """And not to the filled form, which would ask once more."""
    row = await failed(visitor)
    referer = {"Referer": "http://testserver/plain/"}

    html = (await visitor.get_page(url_of(row), **referer)).content.decode()
    plain = (await visitor.get_page(url_of(row))).content.decode()

    assert sent_by(html).getlist("next")[0] == "/plain/"
    assert sent_by(plain).getlist("next")[0] == "/tasks/"


# -- when it is refused ----------------------------------------------------------------


async def test_an_unfinished_one_is_in_conflict(visitor):
    """It may still need what would be changed."""
    row = await visitor.held("a")

    response = await visitor.get(url_of(row))
    page = await visitor.get_page(url_of(row))

    assert response.status_code == page.status_code == 409
    assert response.json()["error"]["code"] == "conflict"
    assert response.json()["error"]["operation"]["id"] == row["id"]
    assert "has not finished" in page.content.decode()


async def test_one_that_holds_its_arguments_no_more_is_in_conflict(visitor):
    """It ended well."""
    row = await visitor.start("web_echo", text="a", language="es")
    await visitor.until_status("SUCCESSFUL")

    response = await visitor.get(url_of(row))

    assert (response.status_code, response.json()["error"]["code"]) == (409, "conflict")


async def test_anothers_is_as_unknown_as_none(visitor, stranger):
    """Its arguments are content."""
    row = await failed(visitor)
    await failed(stranger)

    for who in (stranger, type(visitor)()):
        assert (await who.get(url_of(row))).status_code == 404
        assert (await who.get_page(url_of(row))).status_code == 404


async def test_only_looking_is_allowed(visitor):
    """A POST starts nothing."""
    row = await failed(visitor)

    assert (await visitor.post(url_of(row))).status_code == 405


async def test_what_json_cannot_express_is_said(visitor):
    """406, as for results; the pages can show it."""
    await failed(visitor)
    handle = submit(await visitor.owner(), tasks.web_say, object(), language="fr")
    await visitor.until_status("FAILED", "FAILED")

    response = await visitor.get(f"/tasks/{handle.id}/again/")
    page = await visitor.get_page(f"/tasks/{handle.id}/again/")

    assert (response.status_code, page.status_code) == (406, 200)


# -- forgetting ------------------------------------------------------------------------


@pytest.fixture
def cached_site(settings):
    """Django's own middleware stores whole pages."""
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    yield caches["default"]
    caches["default"].clear()


async def test_no_cache_stores_it(visitor, cached_site):
    """Neither a browser's nor the site's, in which it would outlive its handle."""
    row = await failed(visitor, text="private")

    for get in (visitor.get, visitor.get_page, visitor.get_htmx):
        response = await get(url_of(row))
        assert b"private" in response.content
        assert response.headers["Cache-Control"] == "no-store"

    assert cached_site._cache == {}


class Words(str):
    """A text that can be looked for."""

    __slots__ = ("__weakref__",)


async def test_after_its_removal_nothing_of_the_filled_form_is_left(visitor):
    """Once Python has looked for cycles, which Django's forms are."""
    await failed(visitor)
    words = Words("x")
    seen = weakref.ref(words)
    handle = submit(await visitor.owner(), tasks.web_say, words, language="fr")
    del words
    await visitor.until_status("FAILED", "FAILED")
    for get in (visitor.get, visitor.get_page, visitor.get_htmx):
        assert (await get(f"/tasks/{handle.id}/again/")).status_code == 200

    gc.collect()
    assert seen() is not None
    await visitor.post(f"/tasks/{handle.id}/dismiss/")
    gc.collect()

    assert seen() is None
    assert (await visitor.get(f"/tasks/{handle.id}/again/")).status_code == 404


def test_what_is_kept_is_the_arguments_as_they_were():
    """Containers as copies: a form may change its own."""
    from ephemeral_tasks.pool.call import Call

    values = {"several": ["a"], "day": date(2026, 11, 26), "price": Decimal("1.5")}
    call = Call(tasks.web_kept, (), values)

    call.arguments()["several"].append("b")

    assert call.arguments() == values
