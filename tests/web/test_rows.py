"""The one renderer: what it renders anew, and what it keeps of whom."""

import pytest
from django.utils import timezone, translation

from ephemeral_tasks import submission
from ephemeral_tasks.web import rows
from ephemeral_tasks.web.pages import Page
from tests.web.hold import until_status
from tests.web.tasks import web_echo, web_hold, web_say

ECHO = {"text": "a", "language": "es"}


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
    assert rows._cache.of(owner)

    submission.dismiss(owner, handle.id)

    assert not rows._cache.of(owner)


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

    assert not rows._cache.of(owner)


async def test_an_ended_owner_is_forgotten(owner):
    """As at logout."""
    submission.submit(owner, web_echo, **ECHO)
    await until_status(owner, "SUCCESSFUL")
    rows.render_rows(owner, Page.current())

    submission.end_owner(owner)

    assert not rows._cache.of(owner)


async def test_only_so_many_owners_are_kept(owner, monkeypatch):
    """Who looked longest ago is rendered anew."""
    monkeypatch.setattr(rows._Cache, "OWNERS", 2)
    for name in ("a", "b", "c"):
        rows.render_rows(f"{owner}{name}", Page.current())

    assert len(rows._cache._owners) <= 2


async def test_a_row_holds_no_content(owner):
    """Neither arguments nor results; what the task shows is shown."""
    submission.submit(owner, web_echo, text="secretword", language="es")
    await until_status(owner, "SUCCESSFUL")

    html, _ = rows.render_rows(owner, Page.current())

    assert "secretword" not in html
    assert '<span class="operation-shown"><bdi>es</bdi></span>' in html


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


@pytest.mark.parametrize("value", [None, "", "x", "x:y"])
def test_an_unsigned_page_is_the_default(value):
    """Nobody but us says how a socket renders."""
    assert Page.unsign(value) == Page.current()
