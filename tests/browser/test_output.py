"""An operation's output grows on the page, whatever way it comes."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.telling import LINES, LONG, line, story

COMPLETE = "The output is complete."
WAYS = {
    "by the table's socket": ("", {}),
    "by htmx 4's socket": ("?four", {}),
    "by requests": ("", {"sockets": "refused"}),
    "by htmx's fragments": ("?fragment", {}),
    "by htmx 4's fragments": ("?four&fragment", {}),
    "alone": ("?alone", {}),
    "without a script": ("", {"has_script": False}),
}


class Story:
    """A page with a story that is being told, and what stands on it."""

    def __init__(self, page, server, gate, *, has_script=True):
        self.has_script = has_script
        self.page = page
        self.server = server
        self.gate = gate

    @property
    def text(self):
        """The output."""
        return self.page.locator(".task-output-text")

    @property
    def view(self):
        """What scrolls."""
        return self.page.locator(".task-output-view")

    @property
    def note(self):
        """What is said of it."""
        return self.page.locator(".task-output-note")

    def go_on(self, count=1):
        """So many more lines are told."""
        self.server.let_through(self.gate, count)

    def shows(self, text):
        """The whole text is this, now or soon; without a script after a refresh."""
        refresh = self.page.locator(".task-output-refresh a")
        for _ in range(50):
            if self.has_script or self.text.text_content() == text:
                break
            refresh.click()
        # To the blank, as `to_have_text` does not compare.
        expect(self.text).to_have_text(
            re.compile(f"^{re.escape(text)}$"), timeout=10_000
        )
        assert self.text.text_content() == text


@pytest.fixture
def tell(demo, gate):
    """Opens a page of a visitor of the demo, with a story of this kind."""

    def tell(visitor, kind="tell", query=""):
        visitor.page.goto(f"{demo.url}telling/{kind}/{gate}/{query}")
        return Story(visitor.page, demo, gate, has_script=visitor.has_script)

    return tell


@pytest.mark.parametrize("way", WAYS)
def test_a_text_grows_and_a_reload_shows_all_of_it(make_visitor, tell, way):
    """Also in the middle; and the page says when it is complete."""
    query, options = WAYS[way]
    visitor = make_visitor(**options)
    shown = tell(visitor, query=query)
    shown.shows(line(1))

    shown.go_on()
    shown.shows(story(1, 2))
    shown.page.reload()
    shown.shows(story(1, 2))
    shown.go_on(3)
    shown.shows(story(1, 5))
    shown.go_on(LINES)
    shown.shows(story(1, LINES))

    if shown.note.count() and visitor.has_script:
        expect(shown.note).to_have_text(COMPLETE)
    is_pushed = any('"type": "output"' in frame for frame in visitor.frames)
    assert is_pushed is ("socket" in way)


def test_two_tabs_agree(make_visitor, tell):
    """The one that comes later has what was told before, and both go on."""
    visitor = make_visitor()
    first = tell(visitor)
    first.go_on()
    first.shows(story(1, 2))

    path = first.page.url.removeprefix(visitor.url)
    second = Story(visitor.new_page(path), first.server, first.gate)
    second.shows(story(1, 2))
    first.go_on()

    first.shows(story(1, 3))
    second.shows(story(1, 3))


def test_a_new_attempt_replaces_the_text(make_visitor, tell, demo, gate):
    """What the failed one had written is gone from the page, too."""
    shown = tell(make_visitor(), "tell_again")
    shown.shows("The first try\n")

    shown.go_on()

    shown.shows("The second try\n")
    demo.let_through(f"{gate}-2")
    expect(shown.note).to_have_text(COMPLETE)
    shown.shows("The second try\n")


def test_a_long_output_is_whole_after_a_reload(make_visitor, tell):
    """It comes in pieces, of which the page had the first."""
    shown = tell(make_visitor(), "tell_at_length")
    shown.page.reload()

    expect(shown.text).to_have_js_property("textContent", LONG, timeout=20_000)
    shown.go_on()
    expect(shown.text).to_have_js_property("textContent", f"{LONG}The end")


def test_it_follows_its_end_until_the_reader_scrolls_up(make_visitor, tell):
    """And again once the reader is back at the end."""
    visitor = make_visitor(viewport={"width": 800, "height": 500})
    shown = tell(visitor)
    shown.go_on(25)
    shown.shows(story(1, 26))
    assert distance(shown) < 2

    shown.view.evaluate("view => { view.scrollTop = 10; }")
    shown.go_on()
    shown.shows(story(1, 27))
    assert shown.view.evaluate("view => view.scrollTop") == 10

    shown.view.evaluate("view => { view.scrollTop = view.scrollHeight; }")
    shown.go_on(2)
    shown.shows(story(1, 29))
    assert distance(shown) < 2


def distance(shown):
    """How many pixels lie below what is seen."""
    return shown.view.evaluate(
        "view => view.scrollHeight - view.clientHeight - view.scrollTop"
    )


LIVE = "[role=status], [role=log], [role=alert], [aria-live]"
OBSERVE = """(live) => {
    window.said = [];
    document.querySelectorAll(live).forEach((region) => {
        new MutationObserver(() => {
            if (region.matches(live)) window.said.push(region.textContent);
        }).observe(region, { childList: true, characterData: true, subtree: true });
    });
}"""


@pytest.mark.parametrize(("query", "said"), [("?alone", COMPLETE), ("", "Story: Done")])
def test_nothing_is_announced_but_the_end(make_visitor, tell, query, said):
    """Once: a screen reader would read each line. Beside a table its row says it."""
    shown = tell(make_visitor(), query=query)
    shown.shows(line(1))
    expect(shown.page.locator(".operation").or_(shown.note).first).to_be_attached()
    shown.page.evaluate(OBSERVE, LIVE)

    shown.go_on(5)
    shown.shows(story(1, 6))
    assert shown.page.evaluate("window.said") == []
    assert not shown.text.evaluate(f"text => text.closest('{LIVE}')")
    shown.go_on(LINES)

    expect(shown.note).to_have_text(COMPLETE)
    if not query:
        expect(shown.page.locator(".operation")).to_contain_text("Done")
    assert shown.page.evaluate("window.said") == [said]


BACK = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"


def test_it_goes_on_after_a_lost_connection(make_visitor, tell):
    """The page says so meanwhile, and nothing is lost or doubled."""
    visitor = make_visitor(sockets="refused")
    visitor.expected = re.compile("WebSocket|Failed to load|Event|htmx")
    shown = tell(visitor, query="?alone")
    shown.shows(line(1))
    shown.page.route("**/output/**", lambda route: route.abort())
    shown.go_on()
    expect(shown.note).to_have_text("No connection; trying again.", timeout=15_000)

    shown.page.unroute("**/output/**")
    shown.page.evaluate(
        "window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"
    )

    shown.shows(story(1, 2))
    expect(shown.note).to_have_text("")


def test_a_story_is_told_by_uvicorn_as_by_daphne(make_guest, sites):
    """Over the socket, and a reload in the middle finds all of it."""
    guest = make_guest("plain/")
    guest.page.goto(f"{sites.url}telling/tell/{guest.gate}/")
    shown = Story(guest.page, sites, guest.gate)
    shown.go_on()
    shown.shows(story(1, 2))

    shown.page.reload()
    shown.shows(story(1, 2))
    shown.go_on(LINES)

    shown.shows(story(1, LINES))
    expect(shown.note).to_have_text(COMPLETE)
