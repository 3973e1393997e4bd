"""An engine that goes away while a page is open, and comes back."""

from time import monotonic

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor


@pytest.fixture
def visitor(browser, demo):
    """A visitor whose page's time a test moves."""
    context = browser.new_context()
    made = Visitor(context, demo.url)
    made.page.clock.install()
    made.page.reload()
    yield made
    assert not made.complaints
    context.close()


def asks_until_it_changes(page):
    """Time passes for the page until an answer of the server's is a new one."""
    deadline = monotonic() + 15
    while monotonic() < deadline:
        with page.expect_response("**/engine-state/*") as asked:
            page.clock.fast_forward(15_000)
        if asked.value.status == 200:
            return
    raise AssertionError("the server still says the same")


def test_an_open_page_follows_without_a_reload(visitor, demo):
    """The sentence comes and goes, the button with it, and what was written stays."""
    page = visitor.page
    away = page.get_by_text("No translation engine answers at the moment.")
    button = page.get_by_role("button", name="Translate", exact=True)
    visitor.write("The door.")
    expect(button).to_be_enabled()

    demo.let_through("gone")
    try:
        asks_until_it_changes(page)
        expect(away).to_be_visible()
        expect(button).to_be_disabled()
        expect(button).to_have_accessible_description(
            "No translation engine answers at the moment. "
            "This page goes on by itself as soon as one does."
        )
    finally:
        demo.let_through("back")
    asks_until_it_changes(page)
    expect(away).to_have_count(0)
    expect(button).to_be_enabled()
    expect(page.get_by_label("Markdown")).to_have_value("The door.")
    visitor.translate()
    visitor.sees("Done")
