"""The table as a browser keeps it: pushed, polled, focused, and in other languages."""

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import POLL

LONG_ENOUGH = 16_000
"""Milliseconds after which a safety poll is due."""


def test_a_row_reaches_its_end_when_every_push_is_lost(make_visitor, demo, gate):
    """The safety poll makes a lost push harmless."""
    visitor = make_visitor(sockets="silent")
    visitor.page.clock.install()
    visitor.page.reload()
    visitor.translate(f"The gate-{gate}.")
    visitor.sees("English to Spanish")
    demo.let_through(gate)
    wait_for_the_end(visitor)
    assert "Done" not in visitor.rows.first.inner_text()

    visitor.page.clock.fast_forward(LONG_ENOUGH)

    visitor.sees("Done")
    assert not visitor.frames


def test_polling_goes_on_after_204_and_stops_at_286(make_visitor, demo, gate):
    """Nothing is swapped while nothing has changed; the end is the last answer."""
    visitor = make_visitor(sockets="refused")
    visitor.page.clock.install()
    visitor.page.reload()
    statuses = []
    visitor.page.on(
        "response", lambda r: statuses.append(r.status) if POLL.search(r.url) else None
    )
    visitor.translate(f"One gate-{gate}.\n\nTwo gate-{gate}.")
    visitor.sees("Running")
    for _ in range(2):
        nothing_has_changed(visitor)
    demo.let_through(gate)
    visitor.sees("paragraph 2 of 2")
    nothing_has_changed(visitor)

    demo.let_through(gate)
    visitor.sees("Done")
    polls = len(visitor.polls)
    visitor.page.clock.fast_forward(LONG_ENOUGH)

    assert statuses[-1] == 286
    assert len(visitor.polls) == polls


def nothing_has_changed(visitor):
    """The next poll is answered so."""
    with visitor.page.expect_response(lambda answer: answer.status == 204):
        visitor.page.clock.fast_forward(1000)


COUNT = """() => {
    const counts = { closed: 0, pushed: 0 };
    document.addEventListener("htmx:wsClose", () => { counts.closed += 1; });
    document.addEventListener("htmx:wsAfterMessage", () => { counts.pushed += 1; });
    return counts;
}"""
LONGEST_PAUSES = (3000, 6000)
"""Milliseconds after which a socket that failed comes back, at the latest."""


def test_a_socket_that_failed_comes_back_and_polls_meanwhile(make_visitor, demo, gate):
    """After the code of an error of ours, which htmx does not know."""
    visitor = make_visitor(sockets="failing")
    visitor.page.clock.install()
    visitor.page.reload()
    counts = visitor.page.evaluate_handle(COUNT)
    visitor.translate(f"One gate-{gate}.\n\nTwo gate-{gate}.")
    visitor.sees("Running")
    demo.let_through(gate)
    with visitor.page.expect_response(lambda answer: POLL.search(answer.url)):
        visitor.sees("paragraph 2 of 2")

    for tries, pause in enumerate(LONGEST_PAUSES, start=1):
        has_closed = f"counts => counts.closed >= {tries}"
        visitor.page.wait_for_function(has_closed, arg=counts)
        visitor.page.clock.fast_forward(pause)
    visitor.page.wait_for_function("counts => counts.pushed > 0", arg=counts)

    demo.let_through(gate)
    visitor.sees("Done")


def test_an_answer_that_comes_late_leaves_the_newer_rows(make_visitor):
    """What was pushed while the form's answer was on its way stays."""
    visitor = make_visitor()
    visitor.translate("The red door.")
    visitor.sees("Done")

    def late(route):
        answer = route.fetch()
        expect(visitor.rows).to_have_count(2)
        visitor.sees("Done")
        route.fulfill(response=answer)

    visitor.page.route("**/start/translate/*", late)
    visitor.translate("The blue door.")

    expect(visitor.page.locator(".htmx-request")).to_have_count(0)
    assert "Done" in visitor.rows.first.inner_text()


def wait_for_the_end(visitor):
    """The operation has finished, as its owner's program can tell."""
    path = f"tasks/{visitor.operation_id()}/"
    while not visitor.get(path, Accept="application/json").json()["is_finished"]:
        pass


@pytest.mark.parametrize("locale", ["en", "de"])
def test_what_is_pushed_is_what_the_poll_answers(make_visitor, demo, gate, locale):
    """Byte for byte, in the page's language, and its Cancel button works."""
    visitor = make_visitor(locale=locale)
    table = visitor.page.locator("#ephemeral-tasks")
    visitor.page.locator("#id_text").fill(f"One gate-{gate}.\n\nTwo gate-{gate}.")
    visitor.page.locator(".task-form button[type=submit]:not([formaction])").click()
    demo.let_through(gate)
    expect(table.locator("progress")).to_have_attribute("value", "50")
    url = table.get_attribute("data-url").removeprefix("/")

    polled = visitor.get(url, **{"HX-Request": "true", "Accept-Language": locale})

    pushed = [frame for frame in visitor.frames if not frame.startswith("{")]
    assert polled.body().decode() == pushed[-1]  # the others are of the output
    table.locator(".is-cancel").click()
    expect(table.locator(".is-cancelled")).to_be_visible()


def test_a_push_leaves_the_focus_where_it_was(make_visitor, demo, gate):
    """Who works by keyboard stays on the button while the row changes around it."""
    visitor = make_visitor()
    visitor.translate(f"One gate-{gate}.\n\nTwo gate-{gate}.")
    visitor.sees("paragraph 1 of 2")
    button = visitor.page.get_by_role("button", name="Cancel")
    button.focus()

    demo.let_through(gate)
    visitor.sees("paragraph 2 of 2")

    expect(button).to_be_focused()


def test_a_change_of_state_is_said_aloud(make_visitor, demo, gate):
    """The live region says each change of state, and nothing at each step."""
    visitor = make_visitor()
    said = visitor.page.get_by_role("status").filter(has_text="English to Spanish")
    visitor.translate(f"One gate-{gate}.\n\nTwo gate-{gate}.")
    expect(said).to_have_text("English to Spanish: Running")
    demo.let_through(gate)
    visitor.sees("paragraph 2 of 2")
    expect(said).to_have_text("English to Spanish: Running")

    demo.let_through(gate)

    expect(said).to_have_text("English to Spanish: Done")


def test_a_text_stays_in_the_form_after_it_was_handed_in(make_visitor):
    """Nothing is typed twice: the answer leaves the form as it was."""
    visitor = make_visitor()

    visitor.translate("The red door.")
    visitor.sees("Done")

    expect(visitor.page.get_by_label("Markdown")).to_have_value("The red door.")
