"""The operators' page in a browser: refreshed, at rest, by keys, without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations

PAGE = "admin/ephemeral_tasks/pool/"
HIDE = """(isHidden) => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


class Operator:
    """The demo's staff user, at the page; counts what the page asks for by itself."""

    def __init__(self, visitor, demo, query=""):
        """Has logged in, and the page's timers run; ``pass_seconds`` moves them."""
        self.page, self.refreshes = visitor.page, []
        self.page.clock.install()
        self.page.goto(f"{demo.url}admin/login/?next=/{PAGE}{query}")
        self.page.fill("#id_username", "admin")
        self.page.fill("#id_password", re.search(r"start: (\w+)", demo.said)[1])
        self.page.click("[type=submit]")
        expect(self.page.locator("h1")).to_have_text("Operations")
        self.page.wait_for_load_state()
        self.page.on("request", self._count)

    def _count(self, request):
        if request.headers.get("hx-request"):
            self.refreshes.append(request.url)

    def pass_seconds(self, seconds):
        """So much time passes for the page."""
        self.page.clock.run_for(int(1000 * seconds))

    def is_refreshed(self, cause=None):
        """The page has asked, and shows the answer: as time passes, or by a cause."""
        before = self.page.locator("#operators-live").element_handle()
        with self.page.expect_response(lambda one: PAGE in one.url):
            if cause is not None:
                cause()
            self.pass_seconds(0.1 if cause else 2)
        self.page.wait_for_function("(one) => !one.isConnected", arg=before)


@pytest.fixture
def operator(make_visitor, demo):
    """An operator whose page refreshes every 2 seconds."""
    return Operator(make_visitor(), demo, "?refresh=2")


@pytest.fixture
def waiting(make_visitor, gate):
    """A visitor whose operation runs until the test ends."""
    visitor = make_visitor()
    visitor.translate(f"gate-{gate} One.")
    visitor.sees("Running")
    return visitor


def test_the_page_follows_what_happens(operator, waiting):
    """It shows an operation that came after it, and no label."""
    reference = waiting.operation_id()[:8]

    operator.is_refreshed()

    running = operator.page.locator(
        "section", has=operator.page.locator("#operators-running")
    )
    expect(running).to_contain_text(reference)
    assert "Translate" not in operator.page.locator("#operators-live").inner_text()


def test_a_hidden_page_asks_for_nothing(operator):
    """And once, as soon as it is seen again."""
    operator.page.evaluate(HIDE, True)
    count = len(operator.refreshes)
    operator.pass_seconds(60)
    assert len(operator.refreshes) == count

    operator.is_refreshed(lambda: operator.page.evaluate(HIDE, False))

    assert len(operator.refreshes) == count + 1


def test_a_focused_control_is_not_swapped_away(make_visitor, demo):
    """The page says that it rests, and goes on as soon as the focus has left."""
    operator = Operator(make_visitor(), demo, "?refresh=15")
    pause = operator.page.locator("#operators-pause")
    pause.focus()
    count = len(operator.refreshes)
    operator.pass_seconds(60)

    assert len(operator.refreshes) == count
    expect(pause).to_be_focused()
    note = operator.page.locator(".operators-note")
    expect(note).to_have_text("Not refreshed while a control below has the focus.")

    operator.is_refreshed(operator.page.locator("#id_task").focus)

    expect(note).to_be_empty()


def test_an_open_table_stays_open(waiting, operator):
    """Through a refresh, as does the chosen interval through a reload."""
    operator.page.locator("#operators-minutes summary").evaluate(
        "(one) => { one.parentElement.open = true }"
    )

    operator.is_refreshed()

    expect(operator.page.locator("#operators-minutes")).to_have_attribute("open", "")
    operator.page.goto(operator.page.url.partition("?")[0])
    expect(operator.page.locator("[aria-current=true]")).to_have_text("2 s")


def test_a_page_whose_session_ended_stops(operator):
    """The login page is not shown inside of it, and is not asked for again."""
    operator.page.context.clear_cookies()
    with operator.page.expect_response(lambda one: "login" in one.url):
        operator.pass_seconds(2)

    note = operator.page.locator(".operators-note")
    expect(note).to_contain_text("Not refreshed any more")
    count = len(operator.refreshes)
    operator.pass_seconds(60)
    assert len(operator.refreshes) == count
    expect(operator.page.locator("#id_password")).to_have_count(0)


def test_an_operation_is_cancelled_without_script(make_visitor, demo, waiting):
    """By a link and a confirmation; the visitor sees it."""
    operator = Operator(make_visitor(has_script=False), demo)
    row = operator.page.locator("tr", has_text=waiting.operation_id()[:8])
    row.get_by_role("link", name="Cancel").click()

    operator.page.get_by_role("button", name="Cancel the operation").click()

    expect(operator.page.locator(".messagelist .success")).to_contain_text("cancelled")
    waiting.sees("Cancelled")


def test_the_page_has_no_violation(make_visitor, demo, waiting):
    """Light and dark, and its confirmations, with operations in several states."""
    operator = Operator(make_visitor(bypass_csp=True), demo)
    found = violations(operator.page, [".operators"])
    for path in ("pause/", "resize/", f"cancel/{waiting.operation_id()}/"):
        operator.page.goto(f"{demo.url}{PAGE}{path}")
        found += violations(operator.page, ["#content"])

    assert found == []


def test_a_narrow_page_is_no_wider_than_its_window(make_visitor, demo, waiting):
    """What is wider scrolls by itself, in both directions of writing."""
    operator = Operator(make_visitor(viewport={"width": 320, "height": 700}), demo)
    page = operator.page

    for direction in ("ltr", "rtl"):
        page.evaluate(f"document.documentElement.dir = '{direction}'")
        assert page.evaluate("document.documentElement.scrollWidth") == 320
