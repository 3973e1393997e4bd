"""Bodies that ask a database: each has a connection, and none keeps it."""

from itertools import product
from pathlib import Path

import pytest

from tests.servers import postgres
from tests.servers.commands import GTHREAD, UVICORN
from tests.servers.conftest import migrated
from tests.servers.process import until
from tests.servers.serving import Served

TOGETHER = 4  # as many as tasks.query() waits for


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A PostgreSQL database with the site's tables."""
    with postgres.cluster() as record:
        yield migrated(record, tmp_path_factory.mktemp("postgres"))


SITES = [*product(["database", "cluster"], [UVICORN, GTHREAD])]


@pytest.fixture(
    scope="module", params=SITES, ids=lambda site: f"{site[0]}-{site[1].name}"
)
def served(request, tmp_path_factory):
    """The site on SQLite and on PostgreSQL, under ASGI and WSGI."""
    database, server = request.param
    with Served(
        server,
        tmp_path_factory.mktemp("database") / "site",
        database=request.getfixturevalue(database),
        settings={"MAX_RUNNING": TOGETHER, "DRAIN_SECONDS": 1.0},
    ) as served:
        yield served.until_ready()


def open_connections(served):
    """Return how many connections the served site has open."""
    if "postgres" in served.database["ENGINE"]:
        return postgres.connections(served.database)
    descriptors = Path(f"/proc/{served.answer()}/fd")
    if not descriptors.exists():
        pytest.skip("needs /proc to count open files")
    return sum(_leads_to(one, served.database["NAME"]) for one in descriptors.iterdir())


def _leads_to(descriptor, path):
    try:
        return str(descriptor.readlink()) == path
    except FileNotFoundError:  # closed meanwhile
        return False


@pytest.mark.parametrize("task", ["query", "plain_query"])
def test_bodies_ask_at_once_and_leave_no_connection(served, make_visitor, task):
    """Four hold a connection each at one moment; afterwards none is open."""
    visitor = make_visitor(served)

    for number in range(TOGETHER):
        visitor.start(task, f"{task}{number}")

    until(lambda: visitor.statuses()["SUCCESSFUL"] >= TOGETHER, "all ask")
    asked = [
        one.stem.partition("-")[2] for one in served.folder.glob(f"{task}?-*.asked")
    ]
    assert len(set(asked)) == TOGETHER
    until(lambda: open_connections(served) == 0, "connections are closed")


@pytest.mark.parametrize("task", ["holding", "plain_holding"])
def test_a_cancelled_body_leaves_no_connection(served, make_visitor, task):
    """It was in the middle of a transaction."""
    visitor = make_visitor(served)
    row = visitor.start(task, task)
    served.until_noted(task, "started")
    until(lambda: open_connections(served) > 0, "a connection is open")

    visitor.post(f"/tasks/{row['id']}/cancel/").raise_for_status()

    assert visitor.until_finished(row["id"])["status"] == "CANCELLED"
    until(lambda: open_connections(served) == 0, "connections are closed")
