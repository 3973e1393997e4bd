"""Sites that use htmx themselves: what they say of their pages is not said of ours."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.sites.habits import HABITS

WAYS = ["", "refused"]
"""By socket, and by polling."""

PATHS = [*(f"habits/{habit}/" for habit in HABITS), "four/habits/"]


@pytest.mark.parametrize("sockets", WAYS)
@pytest.mark.parametrize("path", PATHS)
def test_a_row_lives_and_ends_on_a_site_with_habits(make_guest, sites, path, sockets):
    """It runs, is cancelled, and nothing else on the page has changed."""
    guest = make_guest(path, sockets=sockets)
    guest.start()
    guest.submit(f"{guest.gate}-2")
    expect(guest.rows).to_have_count(2)
    sites.let_through(guest.gate)
    guest.sees("Done", row=1)

    guest.page.get_by_role("button", name="Cancel").click()

    guest.sees("Cancelled")
    assert guest.page.url == guest.url + path
    assert guest.page.evaluate("history.length") == 2  # about:blank and this page
    assert not guest.dialogs
    expect(guest.page.get_by_role("heading")).to_have_count(0)


@pytest.mark.parametrize("path", ["habits/boost/", "habits/push/", "four/habits/"])
def test_open_leaves_the_page_for_the_result(make_guest, sites, path):
    """Beside a running row, too, which is not replaced by the result's page."""
    guest = make_guest(path)
    guest.start()
    guest.submit(f"{guest.gate}-2")
    sites.let_through(f"{guest.gate}-2")
    guest.sees("Done")

    guest.page.get_by_role("link", name="Open").click()

    expect(guest.page.get_by_role("heading", name="Count")).to_be_visible()
    assert "/result/" in guest.page.url
    guest.page.go_back()
    guest.sees("Running", row=1)


@pytest.mark.parametrize("habit", ["boost", "values", "json"])
def test_a_refused_form_keeps_its_place(make_guest, habit):
    """The error stands at the field, and the page around is what it was."""
    guest = make_guest(f"habits/{habit}/")

    guest.page.locator(".task-form input[type=text]").evaluate(
        "field => field.removeAttribute('maxlength')"
    )

    guest.submit("x" * 300)

    expect(guest.page.locator(".task-form .errorlist")).to_contain_text("at most 200")
    expect(guest.page.locator(".task-form")).to_have_count(1)


@pytest.mark.parametrize("sockets", WAYS)
@pytest.mark.parametrize("path", ["boosted/", "turbo/"])
def test_the_second_visit_is_as_live_as_the_first(make_guest, sites, path, sockets):
    """Whether htmx or Turbo has replaced the page, without a load."""
    guest = make_guest(path, sockets=sockets)
    guest.start()

    with guest.page.expect_response(re.compile("again")):
        guest.page.get_by_role("link", name="Again").click()
    guest.sees("Running")
    sites.let_through(guest.gate)

    guest.sees("Done")
    guest.submit(f"{guest.gate}-2")
    expect(guest.rows).to_have_count(2)
    sites.let_through(f"{guest.gate}-2")
    guest.sees("Done")


@pytest.mark.parametrize("sockets", WAYS)
def test_a_page_out_of_htmxs_history_is_live(make_guest, sites, sockets):
    """Going back shows a copy that htmx kept, which is brought up to date."""
    guest = make_guest("boosted/", sockets=sockets)
    guest.start()
    guest.page.get_by_role("link", name="Again").click()
    guest.page.wait_for_url("**/boosted/?again")
    guest.submit(f"{guest.gate}-2")
    expect(guest.rows).to_have_count(2)

    guest.page.go_back()
    expect(guest.rows).to_have_count(2)
    sites.let_through(guest.gate)

    guest.sees("Done", row=1)


def test_a_page_boosted_from_one_without_our_script_polls(make_guest, sites):
    """Its head is not merged, so there is neither script nor socket."""
    guest = make_guest("bare/")
    guest.page.get_by_role("link", name="Plain").click()

    guest.start()
    sites.let_through(guest.gate)

    guest.sees("Done")
    expect(guest.answered).to_have_text("Accepted: Count")


@pytest.mark.parametrize("path", ["off/", "four/ignored/"])
def test_a_page_that_turns_htmx_off_has_a_plain_form_and_a_refresh_link(
    make_guest, path
):
    """As without JavaScript: the form comes back to its page."""
    guest = make_guest(path)

    guest.submit()

    guest.sees("Running")
    assert guest.page.url == guest.url + path
    expect(guest.page.get_by_role("link", name="Refresh")).to_be_visible()


def test_a_page_refreshes_its_tables_when_its_own_script_asks(make_guest):
    """The first operation of a visitor shows on a page that is open already."""
    guest = make_guest("plain/")
    start = """async gate => {
        const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
        const body = new URLSearchParams({ gate, csrfmiddlewaretoken: token });
        await fetch("/tasks/start/count/", { method: "POST", body });
        document.dispatchEvent(new Event("ephemeral-tasks:refresh"));
    }"""

    guest.page.evaluate(start, guest.gate)

    guest.sees("Running")


@pytest.mark.parametrize("path", ["plain/", "naked/"])
def test_htmx_inserts_no_style_of_its_own(make_guest, path):
    """The policy would refuse it and report it; indicators are hidden all the same."""
    guest = make_guest(path)
    guest.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend',"
        " '<i class=htmx-indicator>busy</i>')"
    )

    assert guest.page.locator("style").count() == 0
    expect(guest.page.locator(".htmx-indicator")).to_be_hidden()


@pytest.mark.parametrize("path", ["two/", "twice/"])
def test_a_refusal_goes_to_the_form_that_was_sent(make_guest, path):
    """Not to another one of its task, and not to one with a field of that name."""
    guest = make_guest(path)
    forms = guest.page.locator(".task-form")

    guest.page.locator(".task-form input[type=text]").nth(1).evaluate(
        "field => field.removeAttribute('minlength')"
    )

    guest.submit("xy", form=1)

    expect(forms.nth(1).locator(".errorlist")).to_have_count(1)
    expect(forms.nth(0).locator(".errorlist")).to_have_count(0)
    guest.page.get_by_text("Gate of the other").last.click()
    expect(forms.nth(1).get_by_role("textbox")).to_be_focused()


def test_each_form_gets_a_key_of_its_own(make_guest):
    """What was accepted of one form leaves the other's key as it was."""
    guest = make_guest("twice/")
    keys = guest.page.locator(".task-form [name=key]")
    first, second = (keys.nth(n).input_value() for n in (0, 1))

    guest.submit("long enough", form=1)
    guest.sees("Done")

    expect(keys.nth(1)).not_to_have_value(second)
    assert keys.nth(0).input_value() == first
