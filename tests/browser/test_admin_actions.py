"""An action of the demo's admin, from the list to the file and back."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.test_visitors import PASSWORD

LIST = "admin/auth/user/?is_staff__exact=1"


@pytest.fixture
def make_staff(make_visitor, demo):
    """Makes browsers that are logged in as the demo's staff user."""

    def make_staff(**options):
        visitor = make_visitor(**options)
        visitor.page.goto(f"{demo.url}admin/login/?next=/{LIST}")
        visitor.page.get_by_label("Username").fill("admin")
        password = PASSWORD.search(demo.said)[1]
        visitor.page.get_by_label("Password").fill(password)
        visitor.page.get_by_role("button", name="Log in").click()
        return visitor

    return make_staff


def export(visitor):
    """The first user of the list was chosen, and the export is done."""
    page = visitor.page
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option("Export as CSV")
    page.locator("button[name=index]").click()
    visitor.sees("Done")


@pytest.mark.parametrize("has_script", [True, False])
def test_chosen_users_become_a_file(make_staff, has_script):
    """Under a strict policy, and with the list as it was filtered behind it."""
    visitor = make_staff(has_script=has_script)
    export(visitor)
    page = visitor.page

    with page.expect_download() as download:
        visitor.act("Download")

    assert download.value.suggested_filename == "users.csv"
    assert "admin" in download.value.path().read_text("utf-8-sig")
    page.get_by_role("link", name="Back to the list").click()
    expect(page).to_have_url(re.compile(re.escape(LIST)))


def test_the_page_is_at_home_in_the_admin(make_staff):
    """On a small telephone, light and dark, in both directions of writing."""
    visitor = make_staff(bypass_csp=True, viewport={"width": 320, "height": 700})
    export(visitor)
    page = visitor.page

    for direction in ("ltr", "rtl"):
        page.evaluate(f"document.documentElement.dir = '{direction}'")
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        assert violations(page, ["#content"]) == []
