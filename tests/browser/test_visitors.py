"""What is one visitor's stays that visitor's, also after logout."""

import re

import pytest
from playwright.sync_api import expect

PASSWORD = re.compile(r"password until the next start: (\S+)")


@pytest.fixture
def anna(make_visitor, gate):
    """A visitor with a running operation, held at the gate."""
    anna = make_visitor()
    anna.translate(f"Anna is at gate-{gate}.")
    anna.sees("Running")
    return anna


@pytest.fixture
def ben(make_visitor):
    """Another one, with a finished operation and an open socket."""
    ben = make_visitor()
    ben.translate("Ben has a red door.")
    ben.sees("Done")
    return ben


def test_a_visitor_sees_only_rows_of_their_own(anna, ben):
    """One row each, also after a reload."""
    ben.page.reload()
    anna.page.reload()

    assert ben.rows.count() == anna.rows.count() == 1
    assert ben.operation_id() != anna.operation_id()


def test_a_foreign_id_is_as_unknown_as_none(anna, ben):
    """Looking, fetching, downloading and acting are 404, and change nothing."""
    id = anna.operation_id()

    looked = [f"tasks/{id}/", f"tasks/{id}/result/", f"download/{id}/"]
    acted = [f"tasks/{id}/{verb}/" for verb in ("cancel", "dismiss", "retry")]

    assert [ben.get(path).status for path in looked] == [404] * 3
    assert [ben.post(path).status for path in acted] == [404] * 3
    anna.sees("Running")


def test_a_socket_brings_nothing_of_another_visitor(anna, ben, demo, gate):
    """What one visitor's socket hears names the operations of that one alone."""
    demo.let_through(gate)
    anna.sees("Done")
    ben.translate("Ben has a blue door.")
    ben.sees("Done")

    assert not [frame for frame in ben.frames if anna.operation_id() in frame]
    assert [frame for frame in ben.frames if ben.operation_id() in frame]


def test_a_logout_ends_what_runs_and_empties_the_open_table(make_visitor, demo, gate):
    """The socket closes with 4401, the row goes, its operation has no owner left."""
    staff = make_visitor()
    staff.expect_status(404)  # the admin's own pages have no icon
    log_in(staff, demo)
    staff.translate(f"Staff is at gate-{gate}.")
    staff.sees("Running")
    id = staff.operation_id()
    closed = staff.page.evaluate_handle(CLOSE_CODE)

    staff.new_page().get_by_role("button", name="Log out").click()

    expect(staff.rows).to_have_count(0)
    assert closed.evaluate("closed => closed.code") == 4401
    frames = len(staff.frames)
    demo.let_through(gate)
    assert staff.get(f"tasks/{id}/").status == 404
    assert len(staff.frames) == frames


@pytest.mark.parametrize("sockets", ["", "late"])
def test_two_tabs_agree_after_a_login_in_one(make_visitor, demo, gate, sockets):
    """The other tab's socket closes with 4409 and comes back with the new cookie.

    Also when the browser has that cookie only after the socket has come.
    """
    staff = make_visitor(sockets=sockets)
    staff.expect_status(404)  # the admin's own pages have no icon
    staff.translate(f"Staff is at gate-{gate}.")
    staff.sees("Running")
    other = staff.new_page()
    rows = other.locator("tr.operation")
    expect(rows).to_have_count(1)
    closed = other.evaluate_handle(CLOSE_CODES)
    staff.page.bring_to_front()  # a click waits for frames, which are rare behind
    log_in(staff, demo)

    staff.translate("Staff has a red door.")

    staff.sees("Done")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Done")
    codes = closed.evaluate("codes => codes")
    assert codes[0] == 4409
    assert sockets != "late" or 4401 in codes


CLOSE_CODES = """() => {
    const codes = [];
    document.addEventListener("htmx:wsClose", (event) => {
        codes.push(event.detail.event.code);
    });
    return codes;
}"""

CLOSE_CODE = """() => {
    const closed = { code: null };
    document.addEventListener("htmx:wsClose", (event) => {
        closed.code = event.detail.event.code;
    });
    return closed;
}"""


def log_in(visitor, demo):
    """The visitor is the demo's staff user, and back at the editor."""
    visitor.page.get_by_role("link", name="Log in").click()
    visitor.page.get_by_label("Username").fill("admin")
    visitor.page.get_by_label("Password").fill(PASSWORD.search(demo.said)[1])
    visitor.page.get_by_role("button", name="Log in").click()
    expect(visitor.page.get_by_role("button", name="Log out")).to_be_visible()
