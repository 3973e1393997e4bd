"""Whoever goes away leaves their operation running."""

import httpx
import pytest

from tests.servers.commands import DAPHNE, UVICORN
from tests.servers.process import until
from tests.servers.serving import Served


@pytest.fixture(
    scope="module", params=[DAPHNE, UVICORN], ids=lambda server: server.name
)
def served(request, tmp_path_factory, database):
    """The site under a server that tells applications of clients that leave."""
    folder = tmp_path_factory.mktemp("leaving") / "site"
    settings = {"DRAIN_SECONDS": 0.0}
    with Served(request.param, folder, database=database, settings=settings) as served:
        yield served.until_ready()


@pytest.fixture
def visitor(served, make_visitor):
    """A visitor."""
    return make_visitor(served)


def test_an_operation_outlives_its_request(served, visitor):
    """The request has been answered, and its connection is closed."""
    visitor.start("until_noted", "a")
    served.until_noted("a", "started")
    visitor.close()

    served.note("a", "go")

    served.until_noted("a", "finished")


def test_an_operation_outlives_a_client_that_waits(served, visitor):
    """A view awaited its result when the client disconnected."""
    visitor.start("until_noted", "owner")  # the session names one now
    with pytest.raises(httpx.ReadTimeout):
        visitor.http.get("/wait/b/", timeout=httpx.Timeout(20, read=1))
    served.until_noted("b", "started")

    served.note("b", "go")

    served.until_noted("b", "finished")
    until(lambda: visitor.statuses()["SUCCESSFUL"] == 1, "it ends well")


def test_an_operation_outlives_its_tab(served, visitor):
    """Its socket closed, as when a tab does."""
    row = visitor.start("until_noted", "c")
    with visitor.socket() as socket:
        socket.recv()
    served.until_noted("c", "started")

    served.note("c", "go")

    served.until_noted("c", "finished")
    assert visitor.until_finished(row["id"])["status"] == "SUCCESSFUL"
