"""What comes instead of our answers is shown in no place of ours, and is explained."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import on_both

NO_CONNECTION = "No connection; trying again."
PROBLEM = "The server has a problem; trying again."
ENDED = "Your session has ended. Log in again"
NOT_SENT = "No connection. Try again in a moment."
BROKEN = "The server has a problem. Try again in a moment."
REFUSED = "That did not work. Reload the page and try again."


@pytest.fixture
def guest(make_guest, version):
    """A guest with a running operation, whose table polls."""
    guest = make_guest(f"{version}plain/", sockets="refused")
    guest.page.clock.install()
    guest.page.reload()
    guest.start()
    return guest


@on_both
def test_a_login_page_is_not_swapped_into_the_table(guest):
    """The rows stay, one sentence says why they stand still, and polling ends."""
    guest.put_up_the_wall()

    expect(guest.said).to_have_text(ENDED, timeout=10_000)
    expect(guest.rows).to_have_count(1)
    expect(guest.page.get_by_role("heading")).to_have_count(0)
    assert guest.page.title() == "Page"
    assert not guest.polls_when_time_passes()


@on_both
def test_a_login_on_another_host_is_no_lost_connection(guest):
    """A script may not follow there, and still learns that it was sent away."""
    guest.put_up_the_wall("elsewhere")

    expect(guest.said).to_have_text(ENDED, timeout=10_000)
    assert not guest.polls_when_time_passes()


def test_log_in_again_leads_to_the_login_and_back(guest):
    """The link is one to the page itself, which the wall then asks to log in."""
    guest.put_up_the_wall()

    guest.said.get_by_role("link", name="Log in again").click()

    expect(guest.page.get_by_role("heading", name="Who are you?")).to_be_visible()
    assert guest.page.url.endswith("/login/?next=/plain/")


def test_a_table_lives_again_after_a_login_in_another_tab(guest, sites):
    """Coming back to the tab is enough, and the sentence is gone."""
    guest.put_up_the_wall()
    expect(guest.said).to_have_text(ENDED, timeout=10_000)
    guest.take_down_the_wall()
    sites.let_through(guest.gate)

    guest.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    guest.sees("Done")
    expect(guest.said).not_to_contain_text("session")


@pytest.mark.parametrize(
    ("version", "status", "sentence"),
    [
        ("", 200, PROBLEM),
        ("", 500, PROBLEM),
        ("", 502, NO_CONNECTION),
        ("four/", 200, PROBLEM),
        ("four/", 503, NO_CONNECTION),
    ],
)
def test_a_page_of_a_proxy_is_explained_until_it_is_over(
    guest, sites, status, sentence
):
    """Whatever its status; polling goes on, and the sentence goes with the trouble."""
    guest.answer_with(status)
    expect(guest.said).to_have_text(sentence, timeout=10_000)
    expect(guest.rows).to_have_count(1)
    expect(guest.page.get_by_role("heading")).to_have_count(0)

    sites.let_through(guest.gate)
    guest.come_back()

    guest.sees("Done")
    expect(guest.said).not_to_contain_text("trying again")


@pytest.mark.parametrize(
    ("version", "status"), [("", 401), ("", 403), ("", 404), ("four/", 403)]
)
def test_what_says_no_ends_the_polling(guest, status):
    """Asking on would be of no use."""
    with guest.page.expect_request("**/tasks/?process=*"):
        guest.page.clock.fast_forward(60_000)
    guest.answer_with(status)
    expect(guest.said).to_have_text(re.compile("Reload|Log in"), timeout=10_000)

    assert not guest.polls_when_time_passes()


@on_both
def test_what_says_no_ends_the_badges_polling_too(make_guest, version):
    """It asks by itself from the moment that the table beside it asks no more."""
    guest = make_guest(f"{version}count/", sockets="refused")
    guest.page.clock.install()
    guest.page.reload()
    guest.start()

    with guest.page.expect_response(
        lambda answer: "count=1" in answer.url and answer.status == 403
    ):
        guest.answer_with(403)
        expect(guest.said).to_have_text(REFUSED)
        guest.page.clock.fast_forward(60_000)
    expect(guest.page.locator(".ephemeral-tasks-count.htmx-request")).to_have_count(0)
    assert not guest.polls_when_time_passes()


@on_both
def test_a_lost_connection_is_said_and_comes_back(guest, sites):
    """The rows stay, polling goes on, and the end is seen."""
    guest.go_offline()
    expect(guest.said).to_have_text(NO_CONNECTION, timeout=10_000)

    sites.let_through(guest.gate)
    guest.come_back()

    guest.sees("Done")
    expect(guest.said).not_to_contain_text("connection")


@pytest.mark.parametrize(
    ("version", "trouble", "sentence"),
    [
        ("", lambda guest: guest.put_up_the_wall(), ENDED),
        ("", lambda guest: guest.put_up_the_wall("elsewhere"), ENDED),
        ("", lambda guest: guest.go_offline(), NOT_SENT),
        ("", lambda guest: guest.answer_with(502), NOT_SENT),
        ("", lambda guest: guest.answer_with(403), REFUSED),
        ("", lambda guest: guest.answer_with(200), BROKEN),
        ("four/", lambda guest: guest.put_up_the_wall("elsewhere"), ENDED),
        ("four/", lambda guest: guest.answer_with(403), REFUSED),
    ],
)
def test_a_click_is_never_lost_without_a_word(make_guest, version, trouble, sentence):
    """The form says what became of it, and keeps what was typed."""
    guest = make_guest(f"{version}plain/")
    trouble(guest)

    guest.submit()

    expect(guest.answered).to_have_text(sentence)
    assert guest.page.title() == "Page"
    expect(guest.page.get_by_role("textbox")).to_have_value(guest.gate)


def test_what_a_form_said_is_gone_with_the_next_success(make_guest):
    """The sentence is about the last click, and not about the page."""
    guest = make_guest("plain/")
    guest.go_offline()
    guest.submit()
    expect(guest.answered).to_have_text(NOT_SENT)

    guest.come_back()
    guest.start()

    expect(guest.answered).to_be_empty()


def test_what_a_form_said_outlasts_polls_and_pushes(guest):
    """The table lives on beside it; the click is still what the sentence is about."""
    body = "<h1>Server error</h1>"
    guest.page.route("**/start/**", lambda route: route.fulfill(status=500, body=body))
    guest.submit(f"{guest.gate}-2")
    expect(guest.answered).to_have_text(BROKEN)

    with guest.page.expect_response("**/tasks/?process=*"):
        guest.page.clock.fast_forward(60_000)

    guest.sees("Running")
    expect(guest.answered).to_have_text(BROKEN)


@on_both
def test_a_form_is_busy_while_its_answer_is_on_its_way(make_guest, version):
    """For the eye and for who listens; afterwards it is not."""
    guest = make_guest(f"{version}plain/")
    form = guest.page.locator(".task-form")

    def late(route):
        answer = route.fetch()
        expect(form).to_have_attribute("aria-busy", "true")
        expect(guest.answered).to_be_visible()
        route.fulfill(response=answer)

    guest.page.route("**/start/count/*", late)
    guest.start()

    expect(form).not_to_have_attribute("aria-busy", "true")


@pytest.mark.parametrize(
    ("version", "sockets"), [("", ""), ("", "refused"), ("four/", "")]
)
def test_a_restart_says_what_was_lost(make_guest, sites, version, sockets):
    """The operations lived in the process that is gone."""
    guest = make_guest(f"{version}plain/", sockets=sockets)
    guest.start()

    sites.restart()

    lost = "The server was restarted: your operations were lost with it."
    expect(guest.said).to_have_text(lost, timeout=15_000)
    expect(guest.rows).to_have_count(0)
