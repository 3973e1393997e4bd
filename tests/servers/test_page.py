"""docs/servers.md says what the other tests see."""

import pytest

from tests.servers.commands import SERVERS
from tests.servers.process import ROOT

SOCKETS = {1006: "drop", 1011: "1011", 1012: "1012"}


def rows():
    """The page's table of servers: name → hook, SIGTERM, Ctrl-C, open sockets."""
    lines = (ROOT / "docs" / "servers.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    return {row[1].strip("`"): row[3:7] for row in cells if len(row) == 8}


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_each_server_has_a_row(server):
    """It tells how the server ends and what becomes of sockets."""
    _, terminated, interrupted, sockets = rows()[server.name]

    assert terminated == server.terminated.value
    assert interrupted == server.interrupted.value
    expected = SOCKETS[server.close_code] if server.has_sockets else "none"
    assert sockets.startswith(expected)
