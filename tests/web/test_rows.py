"""The one renderer: what it renders anew, and what it keeps of whom."""

import re
import sys
import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone, translation
from django.utils.formats import date_format

from ephemeral_tasks import submission
from ephemeral_tasks.web import push, rows, shown
from ephemeral_tasks.web.pages import Page, _signer
from ephemeral_tasks.web.table_cache import TableCache
from tests.web.hold import until_status
from tests.web.tasks import holds, web_echo, web_hold, web_plain, web_say

ECHO = {"text": "a", "language": "es"}


class Silent:
    """A socket that renders nothing."""

    def wake(self):
        """Look at nothing."""

    def end(self, code):
        """Close nothing."""


def kept_rows(owner):
    """All that is kept of the owner, in any language and filter."""
    tables = rows._cache._by_owner.get(owner, {})
    return [row for one in tables.values() for row in one.shown.rows]


def bytes_of(rendered):
    """What one page takes in memory, counted for itself."""
    html = rendered.fragment.html
    return sys.getsizeof(html) + sum(map(sys.getsizeof, rendered.pieces))


@pytest.fixture
def rendered(monkeypatch):
    """The ids of the rows that were rendered, in order."""
    ids = []
    render = rows.render_row

    def noted(row, page):
        ids.append(row.id)
        return render(row, page)

    monkeypatch.setattr(rows, "render_row", noted)
    return ids


async def test_equal_states_give_equal_bytes(owner):
    """Time alone changes nothing, neither elapsed seconds nor expiry."""
    submission.submit(owner, web_hold, name="a")
    await until_status(owner, "RUNNING")
    page = Page.current()

    first, _ = rows.render_rows(owner, page)
    rows.forget(owner)

    assert rows.render_rows(owner, page)[0] == first


async def test_an_unchanged_row_is_not_rendered_anew(owner, rendered):
    """Not by a second look."""
    submission.submit(owner, web_echo, **ECHO)
    await until_status(owner, "SUCCESSFUL")

    for _ in range(3):
        rows.render_rows(owner, Page.current())

    assert len(rendered) == 1


async def test_another_language_is_rendered_anew(owner, rendered):
    """Each with its own words."""
    submission.submit(owner, web_echo, **ECHO)
    await until_status(owner, "SUCCESSFUL")
    english, _ = rows.render_rows(owner, Page.current())

    with translation.override("de"):
        german, _ = rows.render_rows(owner, Page.current())

    assert ("Done" in english, "Fertig" in german) == (True, True)
    assert len(rendered) == 2


async def test_a_time_zone_moves_the_clock(owner):
    """Times are the page's."""
    submission.submit(owner, web_echo, **ECHO)
    await until_status(owner, "SUCCESSFUL")
    shown = set()

    for zone in ("Asia/Tokyo", "America/Lima", timezone.get_fixed_timezone(90)):
        with timezone.override(zone):
            page = Page.current()
        with page.activate():
            shown.add(rows.render_rows(owner, page)[0])

    assert len(shown) == 3


async def test_what_left_the_window_is_not_kept(owner):
    """No rendered row outlives its operation: nobody has to look again."""
    handle = submission.submit(owner, web_say, text="marker", language="es")
    await until_status(owner, "FAILED")
    rows.render_rows(owner, Page.current())
    assert kept_rows(owner)

    submission.dismiss(owner, handle.id)

    assert not kept_rows(owner)


async def test_a_change_between_look_and_rendering_leaves_nothing(owner, monkeypatch):
    """What was dismissed while it was rendered is kept by nobody."""
    handle = submission.submit(owner, web_echo, **ECHO)
    await until_status(owner, "SUCCESSFUL")
    render = rows.render_row

    def dismissed_meanwhile(row, page):
        submission.dismiss(owner, handle.id)
        return render(row, page)

    monkeypatch.setattr(rows, "render_row", dismissed_meanwhile)
    rows.render_rows(owner, Page.current())

    assert not kept_rows(owner)


async def test_an_ended_owner_is_forgotten(owner):
    """As at logout."""
    submission.submit(owner, web_echo, **ECHO)
    await until_status(owner, "SUCCESSFUL")
    rows.render_rows(owner, Page.current())

    submission.end_owner(owner)

    assert not kept_rows(owner)


async def test_what_left_is_in_no_other_language_either(owner):
    """A socket renders one page anew; what another page showed goes with it."""
    handle = submission.submit(owner, web_say, text="marker", language="es")
    await until_status(owner, "FAILED")
    pages = [Page.current()]
    with translation.override("de"):
        pages.append(Page.current())
    for page in pages:
        rows.render_rows(owner, page)
    unsubscribe = push.subscribe(owner, Silent())

    submission.dismiss(owner, handle.id)
    rows.render_rows(owner, pages[0])
    unsubscribe()

    assert not kept_rows(owner)


async def test_a_change_while_a_socket_is_open_leaves_nothing(owner, monkeypatch):
    """What was dismissed while it was rendered is kept by nobody, socket or not."""
    handle = submission.submit(owner, web_echo, **ECHO)
    await until_status(owner, "SUCCESSFUL")
    unsubscribe = push.subscribe(owner, Silent())
    render = rows.render_row

    def render_and_dismiss(row, page):
        submission.dismiss(owner, handle.id)
        return render(row, page)

    monkeypatch.setattr(rows, "render_row", render_and_dismiss)
    rows.render_rows(owner, Page.current())
    unsubscribe()

    assert not kept_rows(owner)


async def test_a_flood_of_pages_stays_within_the_bound(monkeypatch):
    """Languages, filters and owners are visitors' to choose; memory is not."""
    monkeypatch.setattr(rows, "_cache", TableCache())
    monkeypatch.setattr(TableCache, "BYTES", 400_000)
    owners = [uuid.uuid4().hex for _ in range(8)]
    for owner in owners:
        submission.submit(owner, web_echo, text="a", language="é" * 400)
        await until_status(owner, "SUCCESSFUL")

    for owner in owners:
        for language in dict(settings.LANGUAGES):
            for task in (None, "web_echo", "web_say"):
                with translation.override(language):
                    rows.render_rows(owner, Page.current(task))
    kept = [one for tables in rows._cache._by_owner.values() for one in tables.values()]

    assert 0 < sum(map(bytes_of, kept)) <= 400_000
    assert rows._cache._size == sum(s.size for s in rows._cache._by_owner.values())
    assert all(len(s) <= TableCache.PAGES for s in rows._cache._by_owner.values())


async def test_who_looked_last_is_kept(monkeypatch):
    """The owners and pages that were looked at longest ago go first."""
    monkeypatch.setattr(TableCache, "BYTES", 30_000)
    first, *others = [uuid.uuid4().hex for _ in range(9)]
    for owner in (first, *others):
        submission.submit(owner, web_echo, **ECHO)
        await until_status(owner, "SUCCESSFUL")

    for owner in others:
        rows.render_rows(owner, Page.current())
        rows.render_rows(first, Page.current())

    assert kept_rows(first)
    assert not kept_rows(others[0])


async def test_a_long_filter_counts(monkeypatch):
    """A visitor chooses it, and the page that is kept names it."""
    monkeypatch.setattr(TableCache, "BYTES", 100_000)

    for owner in [uuid.uuid4().hex for _ in range(20)]:
        rows.render_rows(owner, Page.current("x" * 8000))
    filters = [
        page.task for tables in rows._cache._by_owner.values() for page in tables
    ]

    assert 0 < sum(map(sys.getsizeof, filters)) <= 50_000


async def test_one_table_larger_than_the_bound_is_not_kept(owner, monkeypatch):
    """It is rendered all the same."""
    monkeypatch.setattr(TableCache, "BYTES", 1000)
    submission.submit(owner, web_echo, **ECHO)
    await until_status(owner, "SUCCESSFUL")

    html, _ = rows.render_rows(owner, Page.current())

    assert "Done" in html
    assert not rows._cache._by_owner


# -- versions --------------------------------------------------------------------------


async def test_a_version_does_not_change_with_time_alone(owner, pool_clock):
    """Neither elapsed seconds nor expiry are part of what is shown."""
    submission.submit(owner, web_hold, name="a")
    await until_status(owner, "RUNNING")
    _, first = rows.render_rows(owner, Page.current())
    rows.forget(owner)
    pool_clock.ahead_seconds = 5

    _, second = rows.render_rows(owner, Page.current())

    assert first == second is not None


async def test_a_version_changes_with_the_interval(owner, pool_clock):
    """The page has to be told that it may poll less often."""
    submission.submit(owner, web_hold, name="a")
    await until_status(owner, "RUNNING")
    first = rows.render_rows(owner, Page.current())
    pool_clock.ahead_seconds = shown.SLOW_AFTER_SECONDS

    second = rows.render_rows(owner, Page.current())

    assert ("every 2000ms" in first.html, "every 5000ms" in second.html) == (True, True)
    assert first.version != second.version


async def test_a_version_names_what_is_shown(owner):
    """Another state, language or filter has another one."""
    submission.submit(owner, web_hold, name="a")
    await until_status(owner, "RUNNING")
    versions = {rows.render_rows(owner, Page.current()).version}
    versions.add(rows.render_rows(owner, Page.current("web_hold")).version)
    with translation.override("de"):
        versions.add(rows.render_rows(owner, Page.current()).version)
    submission.submit(owner, web_hold, name="a")
    await until_status(owner, "RUNNING", "RUNNING")
    versions.add(rows.render_rows(owner, Page.current()).version)

    assert len(versions) == 4


async def test_an_unchanged_table_is_not_rendered_anew(owner, monkeypatch):
    """The whole fragment is kept, not only its rows."""
    submission.submit(owner, web_hold, name="a")
    await until_status(owner, "RUNNING")
    first = rows.render_rows(owner, Page.current())
    monkeypatch.setattr(rows, "render_to_string", pytest.fail)

    assert rows.render_rows(owner, Page.current()) is first


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_no_number_for_machines_is_localised(owner, language):
    """With thousand separators htmx would read "every 2,000ms" as 2 ms."""
    submission.submit(owner, web_hold, name="a")
    await until_status(owner, "RUNNING")
    with override_settings(USE_THOUSAND_SEPARATOR=True):
        english, _ = rows.render_rows(owner, Page.current())
        with translation.override(language):
            html, _ = rows.render_rows(owner, Page.current())

    assert 'hx-trigger="every 2000ms"' in html
    assert 'max="100" value="25"' in html
    assert re.findall(r'\bid="([^"]*)"', html) == re.findall(r'\bid="([^"]*)"', english)


async def test_a_row_holds_no_content(owner):
    """Neither arguments nor results; what the task shows is shown."""
    submission.submit(owner, web_echo, text="secretword", language="es")
    await until_status(owner, "SUCCESSFUL")

    html, _ = rows.render_rows(owner, Page.current())

    assert "secretword" not in html
    assert '<span class="operation-shown"><bdi>es</bdi></span>' in html


async def test_the_values_of_a_shown_list_stand_side_by_side(owner):
    """As a person writes a list, and none for an empty one."""
    for language in (["es", "fr"], []):
        submission.submit(owner, web_echo, text="text", language=language)
    await until_status(owner, "SUCCESSFUL", "SUCCESSFUL")

    html, _ = rows.render_rows(owner, Page.current())

    assert '<span class="operation-shown"><bdi>es, fr</bdi></span>' in html
    assert html.count("operation-shown") == 1


async def test_a_label_made_of_shown_arguments_stands_alone(owner):
    """They are not said twice."""
    submission.submit(owner, web_say, **ECHO)
    await until_status(owner, "FAILED")

    html, _ = rows.render_rows(owner, Page.current())

    assert "Say es" in html
    assert "operation-shown" not in html


async def test_a_failure_is_a_sentence_and_a_reference(owner):
    """Escaped like everything else."""
    handle = submission.submit(owner, web_say, text="<i>", language="es")
    await until_status(owner, "FAILED")

    html, _ = rows.render_rows(owner, Page.current())

    assert "the word &lt;i&gt; cannot be said" in html
    assert handle.id[:8] in html


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC"])
def test_a_page_survives_signing(zone):
    """What goes into the socket's URL comes back, and equal pages are equal."""
    with timezone.override(zone), translation.override("de"):
        page = Page.current("web_echo")

    assert Page.unsign(page.sign()) == page
    assert page.sign() == page.sign()


# The last one is what a former version of the package has signed.
@pytest.mark.parametrize(
    "value", [None, "", "x", "x:y", _signer.sign_object(["en", "UTC", "/", None])]
)
def test_an_unsigned_page_is_the_default(value):
    """Nobody but us says how a socket renders."""
    assert Page.unsign(value) == Page.current()


async def test_the_time_until_which_a_row_is_kept_is_the_pages(
    settings, owner, pool_clock
):
    """In its time zone and language, once it is near; the row is rendered anew."""
    settings.EPHEMERAL_TASKS = {"IDLE_SECONDS": 6 * 3600}
    submission.submit(owner, web_echo, **ECHO)
    (row,) = await until_status(owner, "SUCCESSFUL")
    assert "kept until" not in rows.render_rows(owner, Page.current())[0]
    pool_clock.ahead_seconds = 5.5 * 3600
    end = row.submitted_at + timedelta(hours=6)

    with timezone.override("Asia/Tokyo"), translation.override("de"):
        html, _ = rows.render_rows(owner, Page.current())
        words = date_format(timezone.localtime(end), "TIME_FORMAT")

    assert f"aufbewahrt bis {words}</bdi>" in html


async def test_a_row_says_how_long_it_takes(owner, task_clock):
    """Time alone changes the words, and the version that polls bring."""
    submission.submit(owner, web_hold, name="a")
    await until_status(owner, "RUNNING")
    task_clock.advance(60)
    first, version = rows.render_rows(owner, Page.current())
    task_clock.advance(120)

    later, other = rows.render_rows(owner, Page.current())

    assert "about 3 minutes left" in first
    assert "about 9 minutes left" in later
    assert version != other


async def test_a_row_that_is_being_cancelled_answers(owner):
    """When it was asked, and what it waits for."""
    stop = holds["plain"]
    submission.submit(owner, web_plain, name="plain")
    await stop.aentered()
    submission.cancel(owner, submission.window(owner)[0].id)
    stopping, _ = rows.render_rows(owner, Page.current())
    stop.open()
    await until_status(owner, "CANCELLED")

    ended, _ = rows.render_rows(owner, Page.current())

    assert "cancelled at " in stopping
    assert "it ends at its next step" in stopping
    assert "left</bdi>" not in stopping
    assert " s later" in ended
