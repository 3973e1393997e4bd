"""One operation on a page of its own, the badge, the title, and what pages are told."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import on_both

WAYS = ["", "refused"]
"""With a socket, and by polling."""

NOTED = """
  window.noted = [];
  for (const name of ["changed", "finished"]) {
    document.addEventListener(`ephemeral-tasks:${name}`, (event) => {
      window.noted.push(`${name} ${event.detail.status}`);
    });
  }
"""
HIDE = """
  Object.defineProperty(document, "hidden", { configurable: true, get: () => %s });
  document.dispatchEvent(new Event("visibilitychange"));
"""


def start(guest):
    """An operation runs; returns its id."""
    guest.start()
    return guest.rows.first.get_attribute("id").removeprefix("operation-")


@pytest.mark.parametrize("sockets", WAYS)
def test_a_single_operation_leads_to_the_next_page(make_guest, sites, sockets):
    """Bar and message until it ends well; the browser's back button does not return."""
    guest = make_guest("count/", sockets=sockets)
    id = start(guest)
    guest.page.goto(f"{guest.url}single/?id={id}&then=/plain/")
    guest.sees("2 of 20")
    expect(guest.page.get_by_role("progressbar")).to_have_attribute("value", "10")
    expect(guest.page.locator(".ephemeral-tasks-count")).to_contain_text("1")

    sites.let_through(guest.gate)

    expect(guest.page).to_have_url(re.compile("/plain/$"))
    expect(guest.page.get_by_role("textbox")).to_be_visible()
    guest.page.evaluate("() => history.back()")
    expect(guest.page).to_have_url(re.compile("/count/$"))


def test_one_that_ended_before_leads_on_at_once(make_guest, sites):
    """Also without JavaScript's help: by a link."""
    guest = make_guest("plain/")
    id = start(guest)
    sites.let_through(guest.gate)
    guest.sees("Done")

    guest.page.goto(f"{guest.url}single/?id={id}&then=/again/")

    expect(guest.page).to_have_url(re.compile("/again/$"))


@on_both
def test_a_result_is_shown_in_place(make_guest, sites, version):
    """Once it is there, and after a reload."""
    guest = make_guest("plain/")
    id = start(guest)
    guest.page.goto(f"{guest.url}{version}single/?id={id}")
    guest.sees("2 of 20")

    sites.let_through(guest.gate)

    result = guest.page.locator(".ephemeral-tasks-result")
    expect(result).to_contain_text("counted")
    guest.page.reload()
    expect(result).to_contain_text("counted")


@on_both
def test_a_row_that_a_page_shows_twice_is_said_once(make_guest, sites, version):
    """By the first table that knows; the page's script hears of it once, too."""
    guest = make_guest("plain/")
    id = start(guest)
    guest.page.goto(f"{guest.url}{version}both/?id={id}")
    guest.page.evaluate(f"() => {{ {NOTED} }}")

    sites.let_through(guest.gate)

    guest.sees("Done")
    guest.sees("Done", row=1)
    guest.page.evaluate("document.dispatchEvent(new Event('htmx:afterSettle'))")
    said = [one for one in guest.said.all_text_contents() if one]
    assert said == ["Count: Done"]
    noted = guest.page.evaluate("window.noted")
    assert noted == ["changed SUCCESSFUL", "finished SUCCESSFUL"]


def test_a_row_that_a_page_shows_twice_is_told_by_the_first_that_knows(
    make_guest, sites
):
    """Though the page's first row with that id still shows what was before."""
    guest = make_guest("plain/", sockets="refused")
    id = start(guest)
    guest.page.route("**/tasks/?*operation=*", lambda route: None)
    guest.page.goto(f"{guest.url}both/?id={id}")
    guest.page.evaluate(f"() => {{ {NOTED} }}")

    sites.let_through(guest.gate)

    guest.sees("Done", row=1)
    guest.page.evaluate("document.dispatchEvent(new Event('htmx:afterSettle'))")
    noted = guest.page.evaluate("window.noted")
    assert noted == ["changed SUCCESSFUL", "finished SUCCESSFUL"]


def test_another_attempt_takes_the_place_of_the_first(make_guest, sites):
    """It is live as the first one was, and the page's address names it."""
    guest = make_guest("plain/")
    id = start(guest)
    guest.page.goto(f"{guest.url}single/?id={id}")
    guest.rows.get_by_text("Cancel", exact=True).click()
    guest.sees("Cancelled")

    guest.rows.get_by_text("Try again", exact=True).click()

    guest.sees("Running")
    expect(guest.page).not_to_have_url(re.compile(id))
    sites.let_through(guest.gate)
    expect(guest.page.locator(".ephemeral-tasks-result")).to_contain_text("counted")


@on_both
def test_an_end_is_shown_while_a_cancel_is_on_its_way(make_guest, sites, version):
    """The push may overtake the answer, which then says less."""
    guest = make_guest("plain/")
    id = start(guest)
    guest.page.goto(f"{guest.url}{version}single/?id={id}")
    guest.page.route("**/cancel/**", lambda route: None)
    guest.rows.get_by_text("Cancel", exact=True).click()

    sites.let_through(guest.gate)

    guest.sees("Done")


@pytest.mark.parametrize(
    ("path", "sockets"), [("count/", ""), ("badge/", ""), ("other/", "refused")]
)
def test_the_badge_counts_what_is_unfinished(make_guest, sites, path, sockets):
    """Beside a table it follows the table; else, or if that one rests, it polls."""
    guest = make_guest(path, sockets=sockets)
    badge = guest.page.locator(".ephemeral-tasks-count")
    expect(badge).to_be_empty()
    asked = []
    guest.page.on("request", lambda request: asked.append("?count=1&l" in request.url))

    guest.submit()

    expect(badge).to_contain_text("1 unfinished operation")
    sites.let_through(guest.gate)
    expect(badge).to_be_empty()
    assert asked.count(True) <= 2 or path == "other/"


def test_the_title_says_what_ended_while_nobody_looked(make_guest, sites):
    """And changes neither before nor for longer; the page's script gets the events."""
    guest = make_guest("plain/")
    guest.page.evaluate(f"() => {{ {NOTED} }}")
    guest.start()
    assert guest.page.title() == "Page"
    guest.page.evaluate(f"() => {{ {HIDE % 'true'} }}")

    sites.let_through(guest.gate)

    expect(guest.page).to_have_title("Count: Done – Page")
    guest.page.evaluate(f"() => {{ {HIDE % 'false'} }}")
    expect(guest.page).to_have_title("Page")
    noted = guest.page.evaluate("window.noted")
    assert noted[0] == "changed RUNNING"
    assert noted[-2:] == ["changed SUCCESSFUL", "finished SUCCESSFUL"]


def test_the_title_says_that_something_is_asked(make_guest, sites):
    """While nobody looks, and until somebody does."""
    guest = make_guest("copy/")
    guest.start()
    guest.page.evaluate(f"() => {{ {HIDE % 'true'} }}")

    sites.let_through(guest.gate)

    expect(guest.page).to_have_title("Copy asks: Overwrite 3 files? – Page")
    guest.page.evaluate(f"() => {{ {HIDE % 'false'} }}")
    expect(guest.page).to_have_title("Page")


@on_both
def test_coming_back_is_one_refresh(make_guest, version):
    """However many events say so: tab, connection, back button."""
    guest = make_guest(f"{version}plain/")
    guest.start()
    asked = []
    guest.page.on(
        "request", lambda request: asked.append("version=" not in request.url)
    )

    with guest.page.expect_response(lambda answer: "version=" not in answer.url):
        guest.page.evaluate(f"""() => {{
            {HIDE % "true"} {HIDE % "false"}
            window.dispatchEvent(new Event("online"));
            document.dispatchEvent(new Event("resume"));
            const shown = new PageTransitionEvent("pageshow", {{ persisted: true }});
            window.dispatchEvent(shown);
        }}""")

    expect(guest.page.locator(".htmx-request")).to_have_count(0)
    assert asked.count(True) == 1
