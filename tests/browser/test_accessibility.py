"""What axe-core finds, what keys do, and what is said aloud."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations


def test_the_demo_has_no_violation(make_visitor, gate):
    """The editor with rows in all states, a refused form, and each page of ours."""
    visitor = make_visitor(bypass_csp=True)  # axe-core sets styles while it looks
    found = violations(visitor.page)
    visitor.translate("A text.")
    visitor.sees("Done")
    visitor.translate(f"gate-{gate} One.")
    visitor.sees("Running")
    found += violations(visitor.page)

    visitor.act("Cancel")
    visitor.sees("Cancelled")
    found += violations(visitor.page)
    ids = [visitor.operation_id(row) for row in (0, 1)]
    visitor.expect_status(404)
    paths = ["tasks/", f"tasks/{ids[0]}/", f"tasks/{ids[1]}/result/", "tasks/none/"]
    paths += [f"tasks/{ids[0]}/again/", f"tasks/{ids[0]}/output/", "ask/"]
    for path in paths:
        visitor.page.goto(visitor.url + path)
        found += violations(visitor.page)

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
