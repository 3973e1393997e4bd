"""What an operation asks is answered in its row."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import on_both
from tests.browser.visitor import POLL

WAYS = {
    "by socket": ("copy/", {}),
    "by htmx 4's socket": ("four/copy/", {}),
    "by polling": ("copy/", {"sockets": "refused"}),
    "without a script": ("copy/", {"java_script_enabled": False}),
}


def refresh_until(guest, locator, *, has_script=False):
    """Return once it is there; without a script the link shows what has changed."""
    for _ in range(50):
        if has_script or locator.count():
            break
        guest.page.get_by_role("link", name="Refresh").click()
    expect(locator).to_be_visible(timeout=10_000)


@pytest.mark.parametrize("way", WAYS)
def test_a_choice_is_a_button(make_guest, sites, way):
    """The row shows question and choices, and goes on with the one that is pressed."""
    path, options = WAYS[way]
    guest = make_guest(path, **options)
    has_script = options.get("java_script_enabled", True)
    guest.submit()
    sites.let_through(guest.gate)
    keep = guest.page.get_by_role("button", name="Keep")
    refresh_until(guest, keep, has_script=has_script)
    guest.sees("Overwrite 3 files?")
    guest.sees("Waiting for your answer")

    keep.click()

    link = guest.page.get_by_role("link", name="Open")
    refresh_until(guest, link, has_script=has_script)
    link.click()
    expect(guest.page.get_by_text("chosen: Keep")).to_be_visible()


def test_a_question_is_announced_politely(make_guest, sites):
    """By the table's own live region, once."""
    guest = make_guest("copy/")
    guest.start()

    sites.let_through(guest.gate)

    expect(guest.said).to_have_text("Copy asks: Overwrite 3 files?")


@pytest.mark.parametrize(
    ("path", "sockets"), [("year/", ""), ("year/", "refused"), ("four/year/", "")]
)
def test_what_is_typed_outlives_the_rows(make_guest, sites, path, sockets):
    """Other rows come and go; field, text and focus stay, and so do the errors."""
    guest = make_guest(path, sockets=sockets)
    guest.submit()
    year, note = guest.page.get_by_role("spinbutton"), guest.page.get_by_label("Note:")
    year.fill("1999")
    note.press_sequentially("in pa")
    guest.submit("another")
    expect(guest.rows).to_have_count(2, timeout=10_000)
    expect(note.last).to_have_value("in pa")

    first = guest.rows.last
    first.get_by_role("button", name="Answer").click()
    error = first.locator(".errorlist")
    expect(error).to_contain_text("greater than or equal to 2000")
    guest.rows.first.get_by_role("button", name="Cancel").click()
    guest.sees("Cancelled")

    expect(error).to_be_visible()
    expect(first.get_by_label("Note:")).to_have_value("in pa")
    first.get_by_role("spinbutton").fill("2026")
    first.get_by_role("spinbutton").press("Enter")
    guest.sees("Done", row=1)


@on_both
def test_what_is_typed_outlives_an_answer_that_comes_late(make_guest, version):
    """The push that overtook it has replaced the rows that it was for."""
    guest = make_guest(f"{version}year/")
    guest.submit()
    note = guest.page.get_by_label("Note:")
    note.press_sequentially("in pa")
    guest.submit("another")
    expect(guest.rows).to_have_count(2)

    def late(route):
        answer = route.fetch()
        guest.sees("Cancelled")
        route.fulfill(response=answer)

    guest.page.route("**/cancel/**", late)
    with guest.page.expect_response("**/cancel/**"):
        guest.rows.first.get_by_role("button", name="Cancel").click()
    guest.submit("the third")

    expect(guest.rows).to_have_count(3)
    expect(note.last).to_have_value("in pa")


@on_both
def test_what_is_typed_outlives_a_poll_that_comes_late(make_guest, version):
    """The form's answer has replaced the rows that asked."""
    guest = make_guest(f"{version}year/", sockets="refused")
    guest.submit()
    note = guest.page.get_by_label("Note:")
    note.press_sequentially("in pa")

    def late(route):
        expect(guest.rows).to_have_count(2)
        route.fulfill(response=route.fetch())

    with guest.page.expect_response(POLL):
        with guest.page.expect_request(POLL):
            guest.page.route(POLL, late, times=1)
        guest.submit("another")
    guest.submit("the third")

    expect(guest.rows).to_have_count(3)
    expect(note.last).to_have_value("in pa")


def test_enter_in_a_field_presses_no_other_button(make_guest):
    """Without a script, either, where the first button of the table is Cancel."""
    guest = make_guest("year/", java_script_enabled=False)
    guest.submit()
    refresh_until(guest, guest.page.get_by_role("spinbutton"))

    guest.page.get_by_role("spinbutton").fill("2026")
    guest.page.get_by_role("spinbutton").press("Enter")
    guest.page.get_by_role("link", name="Refresh").click()

    guest.sees("Which year?")


def test_a_wrong_answer_without_a_script_is_a_page(make_guest):
    """It has what was typed, and leads back to the table."""
    guest = make_guest("year/", java_script_enabled=False)
    guest.submit()
    refresh_until(guest, guest.page.get_by_role("spinbutton"))
    guest.page.get_by_role("spinbutton").fill("1999")
    guest.page.get_by_role("button", name="Answer").click()
    expect(guest.page.locator(".errorlist")).to_be_visible()
    expect(guest.page.get_by_role("spinbutton")).to_have_value("1999")

    guest.page.get_by_role("spinbutton").fill("2026")
    guest.page.get_by_role("button", name="Answer").click()

    refresh_until(guest, guest.page.get_by_role("link", name="Open"))
