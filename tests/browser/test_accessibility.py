"""What axe-core finds, what keys do, and what is said aloud."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations


def test_the_demo_has_no_violation(make_visitor, gate):
    """The editor with rows in all states, an answer that asks, every page of ours."""
    visitor = make_visitor(bypass_csp=True)  # axe-core sets styles while it looks
    visitor.page.goto(f"{visitor.url}tasks/")
    found = violations(visitor.page)
    visitor.page.goto(visitor.url)
    visitor.translate("A text.")
    visitor.sees("Done")
    visitor.translate(f"gate-{gate} One.")
    visitor.act("Cancel")
    visitor.sees("Cancelled")
    visitor.translate(f"gate-{gate} One.")
    visitor.sees("Running")
    found += violations(visitor.page)
    ids = [visitor.operation_id(row) for row in (1, 2)]

    visitor.expect_status(404)
    paths = [f"tasks/{ids[0]}/", f"tasks/{ids[0]}/again/", f"tasks/{ids[0]}/output/"]
    paths += [f"tasks/{ids[1]}/result/", "tasks/none/"]
    for path in paths:
        visitor.page.goto(visitor.url + path)
        found += violations(visitor.page)
    visitor.page.goto(f"{visitor.url}ask/")
    visitor.page.get_by_label("Your question").fill("What is a queue?")
    visitor.page.get_by_label("Ask me in the middle").check()
    visitor.page.get_by_role("button", name="Ask", exact=True).click()
    briefly = visitor.page.get_by_role("button", name="Briefly")
    expect(briefly).to_be_visible()
    found += violations(visitor.page)
    briefly.click()  # or the demo would wait for it at its end

    assert found == []


def test_what_is_ours_on_a_page_has_no_violation(make_guest, sites):
    """A form, a table, one operation by itself with its result, the badge."""
    guest = make_guest("count/")
    ours = [".ephemeral-tasks", ".task-form", ".is-count"]
    found = violations(guest.page, ours)
    guest.start()
    found += violations(guest.page, ours)
    id = guest.rows.first.get_attribute("id").removeprefix("operation-")

    guest.page.goto(f"{guest.url}single/?id={id}")
    guest.sees("Running")
    found += violations(guest.page, ours)
    sites.let_through(guest.gate)
    expect(guest.page.locator(".ephemeral-tasks-result")).to_contain_text("counted")
    found += violations(guest.page, ours)

    assert found == []


def test_a_form_that_an_operation_asks_with_has_no_violation(make_guest):
    """In the row with its errors, and as a page on which no htmx shows them."""
    guest = make_guest("year/", bypass_csp=True)
    answer_wrongly(guest)
    found = violations(guest.page, [".ephemeral-tasks"])

    guest.page.goto(f"{guest.url}off-year/")
    answer_wrongly(guest)
    found += violations(guest.page)

    assert "/answer/" in guest.page.url
    assert found == []


def answer_wrongly(guest):
    """The answer to the newest row's question is refused."""
    guest.submit()
    row = guest.rows.first
    row.get_by_role("spinbutton").fill("1999")
    row.get_by_role("button", name="Answer").click()
    expect(guest.page.locator(".errorlist")).to_be_visible()


SAID = """
  window.said = [];
  new MutationObserver(() => {
    const text = document.querySelector(".ephemeral-tasks-live").textContent;
    if (text) window.said.push(text);
  }).observe(document.querySelector(".ephemeral-tasks-live"), { childList: true });
"""


def test_a_row_is_cancelled_by_keys_and_said_once(make_guest):
    """The focus stays in the table, and each change of state is one announcement."""
    guest = make_guest("plain/")
    guest.start()
    guest.page.evaluate(f"() => {{ {SAID} }}")
    guest.page.get_by_role("textbox").focus()
    for _ in range(2):
        guest.page.keyboard.press("Tab")
    focused = guest.page.locator(":focus")
    expect(focused).to_have_text("Cancel")

    guest.page.keyboard.press("Enter")

    guest.sees("Cancelled")
    expect(guest.page.locator(".ephemeral-tasks :focus")).to_have_count(1)
    said = guest.page.evaluate("window.said")
    assert said == list(dict.fromkeys(said))
    assert said[-1] == "Count: Cancelled"


@pytest.mark.parametrize(
    ("motion", "animation"),
    [("no-preference", "ephemeral-tasks-busy"), ("reduce", "none")],
)
def test_a_bar_without_a_total_moves_for_who_wants_that(make_guest, motion, animation):
    """Not for visitors who have asked for less motion."""
    guest = make_guest("plain/", reduced_motion=motion)
    guest.start()

    shown = guest.page.evaluate("""() => {
        const bar = document.querySelector(".operation-progress");
        bar.removeAttribute("value");
        return getComputedStyle(bar).animationName;
    }""")

    assert shown == animation
