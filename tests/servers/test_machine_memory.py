"""What host and client keep of what crossed between them: nothing."""

import secrets

import pytest

from tests.servers.commands import UVICORN
from tests.servers.machine import Machine
from tests.servers.serving import Visitor

CALLS = 2_000
FEW_BLOCKS = 1_000  # less than one for two calls


@pytest.fixture(scope="module")
def machine(tmp_path_factory, database):
    """A process that hosts, and one that is its client."""
    folder = tmp_path_factory.mktemp("memory")
    settings = {"DRAIN_SECONDS": 0.0}
    with Machine((UVICORN, UVICORN), folder, database, settings=settings) as made:
        made.until_ready()
        with Visitor(made.first) as visitor:
            assert visitor.http.get("/count/").json()["is_host"]
        yield made


def test_no_process_keeps_content_that_is_forgotten(machine):
    """Fetched, failed, cancelled, pushed out, dismissed, logged out: not a byte."""
    content = secrets.token_hex(12)
    with Visitor(machine.all[1]) as visitor:
        end_in_each_way(visitor, content)
        assert found_in(machine.first, content)  # the search is able to find it
        for row in visitor.http.get("/tasks/").json()["operations"]:
            visitor.http.get(f"/tasks/{row['id']}/output/").raise_for_status()
        end_in_each_way(visitor, content)
        visitor.post(f"/tasks/{visitor.start('say', content)['id']}/dismiss/")
        visitor.http.get("/logout/").raise_for_status()
        visitor.http.get("/process/").raise_for_status()

    for served in machine.all:
        assert found_in(served, content) == []


def end_in_each_way(visitor, content):
    """Start what ends well, badly, by a cancel, and what runs on."""
    said = visitor.start("say", content)["id"]
    assert visitor.until_finished(said)["status"] == "SUCCESSFUL"
    assert content in visitor.http.get(f"/tasks/{said}/result/").text
    broken = visitor.start("break_down", content)["id"]
    assert visitor.until_finished(broken)["status"] == "FAILED"
    visitor.post(f"/tasks/{broken}/retry/").raise_for_status()
    cancelled = visitor.start("ponder", content)["id"]
    visitor.post(f"/tasks/{cancelled}/cancel/").raise_for_status()
    for _ in range(4):  # the first two are pushed out
        visitor.start("ponder", content)


def found_in(served, content):
    """Return what refers to the content in a server's process."""
    with Visitor(served) as visitor:
        return visitor.http.get(f"/heap/{content[::-1]}/").json()["found"]


def test_calls_leave_nothing_behind(machine, make_visitor):
    """After 6,000 there is what there was after 4,000, at both ends."""
    host, client = map(make_visitor, machine.all)

    def blocks():
        mine = client.http.get(f"/calls/{CALLS}/").json()["blocks"]
        return mine, host.http.get("/calls/0/").json()["blocks"]

    blocks()
    before = blocks()
    after = blocks()

    growth = [now - then for now, then in zip(after, before, strict=True)]
    assert max(growth) < FEW_BLOCKS
