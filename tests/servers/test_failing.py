"""A socket that fails, under real servers."""

import json

import pytest

from tests.servers.commands import DAPHNE, UVICORN
from tests.servers.sockets import until_closed


@pytest.mark.parametrize("server", [DAPHNE, UVICORN], ids=lambda server: server.name)
def test_a_failed_socket_is_closed_with_4500(server, make_served, make_visitor):
    """A code that each server can send; no socket stays open and silent."""
    served = make_served(server, settings={"DRAIN_SECONDS": 0.0})
    visitor = make_visitor(served)
    visitor.start("endless", "a")
    served.until_noted("a", "started")

    with visitor.socket() as socket:
        socket.send(json.dumps({"type": "submit", "task": "broken", "data": {}}))
        _, code = until_closed(socket)

    assert code == 4500
