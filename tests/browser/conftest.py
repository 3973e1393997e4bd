"""Chromium, the demo in a process of its own, and its visitors."""

import uuid

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.server import DemoServer
from tests.browser.sites.guest import Guest
from tests.browser.sites.server import SitesServer
from tests.browser.visitor import Visitor
from tests.needs import needs

expect.set_options(timeout=10_000)  # ms: the machine may be busy

# As root in a container, and without a word to anybody outside.
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
)

WAYS = {
    "socket": {},
    "polling": {"sockets": "refused"},
    "no script": {"has_script": False},
}
"""The three ways in which a table keeps up."""


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium, headless."""
    path = needs("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demo, its engine gated; nothing went wrong in it by the end."""
    with DemoServer(tmp_path_factory.mktemp("demo")) as server:
        yield server
        status, _ = server.stop()
    assert status == 0
    assert "Traceback" not in server.log()


@pytest.fixture(scope="session")
def sites(tmp_path_factory):
    """Sites with habits of their own; nothing went wrong in them by the end."""
    with SitesServer(tmp_path_factory.mktemp("sites")) as server:
        yield server


@pytest.fixture
def version():
    """Where the sites' pages with this version of htmx are; `on_both` has both."""
    return ""


on_both = pytest.mark.parametrize("version", ["", "four/"], ids=["htmx 2", "htmx 4"])


@pytest.fixture
def make_guest(browser, sites):
    """Makes guests of the sites, each in a context of their own."""
    guests = []

    def make_guest(path, *, sockets="", **options):
        context = browser.new_context(**options)
        context.set_default_timeout(10_000)
        if sockets:
            context.add_cookies(
                [{"name": "sockets", "value": sockets, "url": sites.url}]
            )
        guests.append(Guest(context, sites.url, path))
        return guests[-1]

    yield make_guest
    for guest in guests:
        guest.context.close()
    assert [guest.complaints for guest in guests] == [[] for _ in guests]


@pytest.fixture
def gate(demo):
    """The name of a gate of this test's own; wide open once the test is over."""
    name = uuid.uuid4().hex[:8]
    yield name
    demo.let_through(name, 1000)


@pytest.fixture
def make_visitor(browser, demo):
    """Makes visitors, each in a context of its own; none may end with complaints."""
    visitors = []

    def make_visitor(*, sockets="", has_script=True, **options):
        context = browser.new_context(java_script_enabled=has_script, **options)
        context.set_default_timeout(10_000)
        if sockets:
            cookie = {"name": "sockets", "value": sockets, "url": demo.url}
            context.add_cookies([cookie])
        visitor = Visitor(
            context, demo.url, has_script=has_script, has_socket=not sockets
        )
        visitors.append(visitor)
        return visitors[-1]

    yield make_visitor
    for visitor in visitors:
        visitor.context.close()
    assert [visitor.complaints for visitor in visitors] == [[] for _ in visitors]


@pytest.fixture(params=WAYS)
def way(request):
    """Each of the ways."""
    return request.param


@pytest.fixture
def visitor(make_visitor, way):
    """A visitor who goes this way, and stays on it."""
    visitor = make_visitor(**WAYS[way])
    yield visitor
    if way == "socket":
        assert not visitor.polls
