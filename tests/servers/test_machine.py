"""One visitor at all workers of a machine that share a pool, under each server."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle, islice

import pytest

from tests.servers.machine import KINDS, WITH_SOCKETS, Browser, Machine
from tests.servers.process import until
from tests.servers.serving import Visitor
from tests.servers.sockets import until_closed

RUNNING, WAITING, SOCKETS = 4, 12, 8
THREADS = 32
SETTINGS = {
    "MAX_RUNNING": RUNNING,
    "MAX_WAITING": WAITING,
    "MAX_SOCKETS_PER_OWNER": SOCKETS,
    "DRAIN_SECONDS": 0.0,
}
PUSH_SECONDS = 2.0  # a push is there far sooner, and the safety poll far later

with_sockets = pytest.mark.parametrize(
    "machine", WITH_SOCKETS, indirect=True, scope="module"
)


@pytest.fixture(scope="module", params=KINDS)
def machine(request, tmp_path_factory, database):
    """The site, served by several processes that share a pool."""
    folder = tmp_path_factory.mktemp(request.param)
    with Machine(KINDS[request.param], folder, database, settings=SETTINGS) as made:
        yield made.until_ready()


@pytest.fixture(scope="module")
def connections(machine):
    """A connection to each process."""
    with Browser(machine) as browser:
        yield browser


@pytest.fixture
def browser(connections):
    """A browser that was never here, with a connection to each process."""
    connections.renew()
    yield connections
    connections.renew()


@pytest.fixture
def other(machine, stack):
    """Another visitor, at any process."""
    visitor = stack.enter_context(Visitor(machine.first))
    yield visitor
    visitor.http.get("/logout/")


def rows_at(door):
    """Return what a process shows of each operation, newest first."""
    rows = door.http.get("/tasks/").raise_for_status().json()["operations"]
    return [(row["id"], row["status"], row["position"]) for row in rows]


def views_of(browser):
    """Return the tables that the processes show, without the equal ones."""
    return {tuple(rows_at(door)) for door in browser.doors}


def test_all_workers_show_the_same_rows(machine, browser):
    """Whoever took them, one process runs them, and no warning is logged."""
    started = [door.start("until_noted", "same")["id"] for door in browser.doors]
    machine.first.until_noted("same", "started")

    (view,) = views_of(browser)

    assert [id for id, _, _ in view] == started[::-1]
    assert machine.first.is_noted("same", "started") in {
        door.process for door in browser.doors
    }
    assert [door.http.get("/count/").json()["is_host"] for door in browser.doors].count(
        True
    ) == 1
    assert "several processes" not in machine.log


def test_any_worker_cancels_retries_fetches_and_dismisses(machine, browser):
    """What one worker did is there at the next."""
    doors = cycle(browser.doors)
    id = next(doors).start("until_noted", "turns")["id"]

    cancelled = next(doors).post(f"/tasks/{id}/cancel/")
    until(lambda: rows_at(next(doors))[0][1] == "CANCELLED", "it is cancelled")
    again = next(doors).post(f"/tasks/{id}/retry/").json()["id"]
    machine.first.note("turns", "go")
    next(doors).until_finished(again)
    result = next(doors).http.get(f"/tasks/{again}/result/").json()
    dismissed = next(doors).post(f"/tasks/{again}/dismiss/")

    assert cancelled.status_code == 200
    assert result["result"] == "turns"
    assert dismissed.json() == {"removed": again}
    assert views_of(browser) == {()}
    assert {door.http.get(f"/tasks/{id}/").status_code for door in browser.doors} == {
        404
    }


def counted(door, running, waiting):
    """Return the counts that a process shows, if so many run and wait."""
    counts = door.http.get("/count/").json()
    return (
        counts if (counts["running"], counts["waiting"]) == (running, waiting) else {}
    )


def test_a_window_holds_five_however_many_processes_submit(browser):
    """Thirty-two threads submit at once: none is lost, five remain."""
    browser.doors[0].start("endless", "cap")  # it names the owner
    before = browser.doors[0].http.get("/count/").json()["accepted"]

    def start(door):
        answers = [door.post("/tasks/start/endless/", name="cap") for _ in range(3)]
        return [answer.status_code for answer in answers]

    with ThreadPoolExecutor(THREADS) as pool:
        doors = islice(cycle(browser.doors), THREADS)
        codes = [code for codes in pool.map(start, doors) for code in codes]

    counts = until(
        lambda: counted(browser.doors[-1], RUNNING, 1), "four run, one waits"
    )
    (view,) = views_of(browser)
    assert {*codes} <= {202, 404}  # 404: pushed out before it could be shown
    assert len(view) == 5
    assert counts["accepted"] - before == len(codes)


def test_a_flood_is_bounded_for_the_machine(machine, browser):
    """As many run and wait as the settings say; the rest is refused at any worker."""
    newcomers = [*islice(cycle(browser.doors), RUNNING + WAITING + 4)]

    def start(door):
        with Visitor(door.served) as visitor:
            return visitor.post("/tasks/start/until_noted/", name="flood")

    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(start, newcomers)]

    refused = [answer for answer in answers if answer.status_code != 202]
    assert len(refused) == 4
    assert all(answer.status_code == 503 for answer in refused)
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert counted(browser.doors[0], RUNNING, WAITING)
    machine.first.note("flood", "go")
    until(lambda: counted(browser.doors[-1], 0, 0), "the flood ends")


def test_owners_take_turns_whatever_worker_took_them(browser, other):
    """A newcomer does not wait behind all that another visitor has waiting."""
    doors = cycle(browser.doors)
    for _ in range(RUNNING):
        next(doors).start("endless", "turn")
    with ExitStack() as stack:
        busy = stack.enter_context(Visitor(browser.doors[-1].served))
        for _ in range(5):
            busy.start("endless", "busy")

        newcomer = other.start("endless", "newcomer")

        assert other.row(newcomer["id"])["position"] == 2
        busy.http.get("/logout/")


def test_a_double_click_at_two_workers_makes_one_owner(browser):
    """Neither request has a session that the other could know."""
    clicks = {"name": "double", "key": "a" * 32}
    token = {"X-CSRFToken": browser.doors[0].http.cookies["csrftoken"]}
    cookie = {"Cookie": f"csrftoken={token['X-CSRFToken']}"}

    def click(door):
        with ExitStack() as stack:
            visitor = stack.enter_context(Visitor(door.served))
            visitor.http.cookies.clear()
            answer = visitor.http.post(
                "/tasks/start/endless/", data=clicks, headers=token | cookie
            )
            return answer.json()["id"], visitor.statuses()

    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(click, islice(cycle(browser.doors), 4))]

    assert len({id for id, _ in found}) == 1
    assert all(statuses.total() == 1 for _, statuses in found)


@with_sockets
def test_a_socket_at_any_worker_gets_what_another_changed(browser, stack):
    """A push, not a poll: it is there at once, whatever process it comes from."""
    browser.doors[0].start("until_noted", "first")
    sockets = browser.sockets(stack)

    for door in browser.doors:
        row = door.start("endless", "pushed")
        for socket in sockets:
            until_told(socket, row["id"])
        door.post(f"/tasks/{row['id']}/cancel/")
        for socket in sockets:
            until_told(socket, row["id"], "CANCELLED")


def until_told(socket, id, status=""):
    """Return once the socket says so of the operation."""
    while True:
        frame = json.loads(socket.recv(timeout=PUSH_SECONDS))
        row = frame.get("operation", {})
        if row.get("id") == id and row["status"].startswith(status):
            return


@with_sockets
def test_an_owners_sockets_are_counted_for_the_machine(browser, stack):
    """However they are spread over workers, one more is closed with 4429."""
    browser.doors[0].start("endless", "sockets")
    doors = cycle(browser.doors)
    for _ in range(SOCKETS):
        socket = stack.enter_context(next(doors).socket())
        assert json.loads(socket.recv(timeout=20))["type"] == "table"

    one_more = stack.enter_context(next(doors).socket())

    assert until_closed(one_more) == ([], 4429)


@with_sockets
def test_login_and_logout_at_one_worker_close_sockets_at_all(browser, stack):
    """4409, and a socket with the new cookie shows the same operation; then 4401."""
    row = browser.doors[0].start("endless", "login")
    sockets = browser.sockets(stack)

    browser.doors[-1].http.get("/login/ann/").raise_for_status()
    rotated = {until_closed(socket)[1] for socket in sockets}
    sockets = browser.sockets(stack)
    kept = rows_at(browser.doors[0])
    browser.doors[0].http.get("/logout/").raise_for_status()
    ended = {until_closed(socket)[1] for socket in sockets}

    assert rotated == {4409}
    assert [id for id, _, _ in kept] == [row["id"]]
    assert ended == {4401}


def test_the_folder_holds_two_empty_files(machine, browser):
    """Content crosses between processes, and is on no disk."""
    browser.doors[0].start("endless", "files")

    files = [*machine.pool_dir.iterdir()]

    assert {path.suffix for path in files} == {".lock", ".socket"}
    assert [path.stat().st_size for path in files] == [0, 0]
