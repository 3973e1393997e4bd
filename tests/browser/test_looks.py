"""The pages look at home in Django's admin, wide and narrow, light and dark."""

import pytest
from playwright.sync_api import expect

from tests.browser.contrast import faint_texts

NARROW = {"width": 320, "height": 700}


@pytest.fixture
def translated(make_visitor):
    """Makes a visitor whose one translation is done."""

    def translated(**options):
        visitor = make_visitor(**options)
        visitor.translate("# Door\n\n| a | b |\n| - | - |\n| red | `a_long_name` |\n")
        visitor.sees("Done")
        return visitor

    return translated


def test_no_page_is_wider_than_a_small_telephone(translated):
    """At 320 pixels nothing has to be moved sideways."""
    visitor = translated(viewport=NARROW)
    assert width(visitor) == NARROW["width"]

    visitor.act("Open")

    visitor.page.wait_for_selector("#translation-es")
    assert width(visitor) == NARROW["width"]


def width(visitor):
    """How wide the page's content is, in pixels."""
    return visitor.page.evaluate("document.documentElement.scrollWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_background(translated, scheme):
    """Rows of both shades, in each end that an operation can have, and the result."""
    visitor = translated(color_scheme=scheme)
    for _ in range(2):
        visitor.translate("The red door.")
        visitor.sees("Done")
    assert faint_texts(visitor.page) == []
    visitor.page.locator("#id_rehearse").check()
    for _ in range(2):
        visitor.translate("The red door.")
        visitor.sees("Failed")
    assert faint_texts(visitor.page) == []

    visitor.act("Open", row=2)

    visitor.page.wait_for_selector("#translation-es")
    assert faint_texts(visitor.page) == []


def test_preview_is_scrolled_by_keys(translated):
    """A wide table in it needs the focus for that."""
    visitor = translated()
    visitor.act("Open")
    preview = visitor.page.get_by_role("group", name="Preview of the original")

    preview.focus()

    expect(preview).to_be_focused()


def test_a_dark_browser_gets_dark_pages(translated):
    """Page, form and table take the admin's dark colours."""
    visitor = translated(color_scheme="dark")

    for part in ("body", "#id_text", "tr.operation"):
        expect(visitor.page.locator(part)).to_have_css(
            "background-color", "rgb(18, 18, 18)"
        )


def test_the_admins_own_switch_changes_the_theme(make_visitor):
    """Auto, then dark, as in the admin, and the next page remembers."""
    visitor = make_visitor(color_scheme="light")
    body = visitor.page.locator("body")
    expect(body).to_have_css("background-color", "rgb(255, 255, 255)")

    visitor.page.locator(".theme-toggle").click()

    expect(body).to_have_css("background-color", "rgb(18, 18, 18)")
    visitor.page.reload()
    expect(body).to_have_css("background-color", "rgb(18, 18, 18)")


def test_the_translation_is_copied(translated):
    """The copy button puts the Markdown on the clipboard and says so."""
    visitor = translated(permissions=["clipboard-read", "clipboard-write"])
    visitor.act("Open")

    visitor.page.get_by_role("button", name="Copy the translation").click()

    expect(visitor.page.get_by_role("status")).to_have_text("Copied.")
    copied = visitor.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("# DOOR\n")


def test_who_has_no_script_is_offered_no_copy_button(make_visitor):
    """What would do nothing is not there."""
    visitor = make_visitor(has_script=False)
    visitor.translate("The red door.")
    visitor.sees("Done")

    visitor.act("Open")

    expect(visitor.page.get_by_role("button", name="Download")).to_be_visible()
    expect(visitor.page.get_by_role("button", name="Copy")).to_have_count(0)


def test_a_refusal_is_a_page_of_this_site(make_visitor):
    """Where the package says no, its page has the site's head and a way home."""
    visitor = make_visitor(has_script=False)
    visitor.expect_status(404)

    visitor.page.goto(f"{visitor.url}tasks/unknown/result/")

    expect(visitor.page.get_by_role("link", name="Translation editor")).to_be_visible()
    expect(visitor.page.get_by_role("link", name="Home")).to_be_visible()
