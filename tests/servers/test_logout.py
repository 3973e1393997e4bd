"""An owner who logs out, under real servers."""

import json

import pytest

from tests.servers.commands import DAPHNE, UVICORN
from tests.servers.sockets import until_closed


@pytest.mark.parametrize("server", [DAPHNE, UVICORN], ids=lambda server: server.name)
def test_logout_closes_sockets_and_cancels(server, make_served, make_visitor):
    """4401, the bodies clean up, and nothing of them is delivered any more."""
    served = make_served(server, settings={"DRAIN_SECONDS": 0.0})
    visitor = make_visitor(served)
    visitor.http.get("/login/ann/").raise_for_status()  # and a new CSRF cookie
    visitor.start("endless", "a")
    row = visitor.start("plain_endless", "b")
    served.until_noted("a", "started")
    served.until_noted("b", "started")

    with visitor.socket() as socket:
        assert len(json.loads(socket.recv())["operations"]) == 2
        visitor.http.get("/logout/").raise_for_status()
        told, code = until_closed(socket)

    assert code == 4401
    served.until_noted("a", "cleaned")
    served.until_noted("b", "cleaned")
    assert all(frame["operation"]["status"] == "RUNNING" for frame in told)
    assert visitor.http.get(f"/tasks/{row['id']}/").status_code == 404


@pytest.mark.parametrize("server", [DAPHNE, UVICORN], ids=lambda server: server.name)
def test_login_closes_sockets_and_keeps_what_runs(server, make_served, make_visitor):
    """4409, and a socket with the new cookie shows the same operation."""
    served = make_served(server, settings={"DRAIN_SECONDS": 0.0})
    visitor = make_visitor(served)
    row = visitor.start("endless", "a")
    served.until_noted("a", "started")

    with visitor.socket() as socket:
        # It has looked up its owner: after the login, the old cookie has none (4401).
        assert len(json.loads(socket.recv())["operations"]) == 1
        visitor.http.get("/login/ann/").raise_for_status()
        _, code = until_closed(socket)

    assert code == 4409
    with visitor.socket() as socket:
        (shown,) = json.loads(socket.recv())["operations"]
    assert (shown["id"], shown["status"]) == (row["id"], "RUNNING")
