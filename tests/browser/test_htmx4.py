"""The main journey on htmx 4, and pages with an htmx of their own."""

import re

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("sockets", ["", "refused"])
def test_a_row_lives_and_ends_on_htmx_4(make_guest, sites, sockets):
    """Start, refusal, progress, end, cancel, try again, remove, the badge."""
    guest = make_guest("four/count/", sockets=sockets)
    assert guest.page.evaluate("htmx.version").startswith("4")
    badge = guest.page.locator(".ephemeral-tasks-count")

    guest.page.get_by_role("textbox").evaluate(
        "one => one.removeAttribute('maxlength')"
    )
    guest.submit("x" * 300)
    expect(guest.page.locator(".errorlist")).to_contain_text("at most 200")
    guest.start()
    guest.sees("2 of 20")
    expect(badge).to_contain_text("1 unfinished operation")
    sites.let_through(guest.gate)
    guest.sees("Done")
    expect(badge).to_be_empty()

    guest.start()
    guest.rows.first.get_by_text("Cancel", exact=True).click()
    guest.sees("Cancelled")
    expect(guest.said).to_contain_text("Count: Cancelled")
    guest.rows.first.get_by_text("Try again", exact=True).click()
    guest.sees("Running")
    sites.let_through(guest.gate)
    guest.sees("Done")
    guest.rows.first.get_by_text("Remove", exact=True).click()
    expect(guest.rows).to_have_count(1)


@pytest.mark.parametrize("path", ["own-two/", "own-four/"])
def test_a_page_keeps_its_own_htmx(make_guest, sites, path):
    """Loaded by the page, of either version; our scripts go by what is there."""
    guest = make_guest(path)
    guest.start()

    sites.let_through(guest.gate)

    guest.sees("Done")
    assert guest.page.locator("script[src*=htmx-]").count() == 1


def test_one_operation_leads_on_with_htmx_4(make_guest, sites):
    """As with htmx 2, and in place after Try again."""
    guest = make_guest("four/count/")
    guest.start()
    id = guest.rows.first.get_attribute("id").removeprefix("operation-")
    guest.page.goto(f"{guest.url}four/single/?id={id}&then=/again/")
    guest.rows.get_by_text("Cancel", exact=True).click()
    guest.sees("Cancelled")
    guest.rows.get_by_text("Try again", exact=True).click()
    guest.sees("Running")

    sites.let_through(guest.gate)

    expect(guest.page).to_have_url(re.compile("/again/$"))
