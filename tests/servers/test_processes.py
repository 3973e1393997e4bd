"""Several processes serve one site: each has a pool, and they notice each other."""

import re

import pytest

from tests.servers.commands import gunicorn
from tests.servers.serving import visitors_of_all

WORKERS = 4
PRELOADED = gunicorn(
    "gunicorn-preloaded",
    "gthread",
    *("--threads", "4", "--preload", "--workers", str(WORKERS), "--keep-alive", "60"),
    workers=WORKERS,
)


@pytest.fixture
def served(make_served):
    """Four workers, forked from a master whose own pool has started."""
    return make_served(
        PRELOADED,
        settings={"DRAIN_SECONDS": 2.0, "POLL_SECONDS": 1.0},
        SITE_STARTS_POOL="1",
    )


@pytest.fixture
def visitors(served, stack):
    """A visitor for each worker."""
    return visitors_of_all(served, stack)


def test_each_forked_worker_runs_a_pool_of_its_own(served, visitors):
    """Though the master's stood still in the moment of the fork."""
    for number, visitor in enumerate(visitors):
        visitor.start("until_noted", f"a{number}")
        visitor.start("plain_until_end", f"b{number}")
        assert served.until_noted(f"a{number}", "started") == visitor.process
        assert served.until_noted(f"b{number}", "started") == visitor.process
        served.note(f"a{number}", "go")
        assert served.until_noted(f"a{number}", "finished") == visitor.process


def test_each_forked_worker_drains(served, visitors):
    """The hook of the pool that the master had drains the worker's."""
    for number, visitor in enumerate(visitors):
        visitor.start("plain_until_end", f"a{number}")
        visitor.start("endless", f"b{number}")
        served.until_noted(f"a{number}", "started")
        served.until_noted(f"b{number}", "started")
        visitor.close()

    served.terminate()

    assert served.exit_code() == 0
    for number, visitor in enumerate(visitors):
        assert served.is_noted(f"a{number}", "finished") == visitor.process
        assert served.is_noted(f"b{number}", "cleaned") == visitor.process


def test_processes_beside_each_other_are_logged_once(served, visitors):
    """Once in each process at most, with what to change."""
    let_polls_go_astray(visitors)
    told = served.log.count("several processes serve this site")

    let_polls_go_astray(visitors)

    assert 1 <= told <= WORKERS
    assert served.log.count("several processes serve this site") == told
    assert "WEB_CONCURRENCY=1" in served.log


def test_processes_beside_each_other_are_shown_to_staff(visitors):
    """On the page of a process that knows; visitors need not care."""
    let_polls_go_astray(visitors)

    assert any("several processes" in page_for("staff", one) for one in visitors)
    assert not any("several processes" in page_for("ann", one) for one in visitors)


def let_polls_go_astray(visitors):
    """Poll at each process what each has rendered, as browsers do at random."""
    for visitor in visitors:
        visitor.start("until_noted", "a")
        fragment = visitor.http.get("/tasks/", headers={"HX-Request": "true"}).text
        poll = re.search(r'hx-get="([^"]+)"', fragment)[1].replace("&amp;", "&")
        for other in visitors:
            other.http.get(poll, headers={"HX-Request": "true"}).raise_for_status()


def page_for(name, visitor):
    """Return the page of the table as a user sees it."""
    visitor.http.get(f"/login/{name}/").raise_for_status()
    return visitor.http.get("/tasks/", headers={"Accept": "text/html"}).text
