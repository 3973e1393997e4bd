"""The process that hosts a machine's pool is killed, halted, ended and replaced."""

import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count

import httpx
import pytest

from tests.servers.commands import TASK_POOL, UVICORN, gunicorn
from tests.servers.machine import Machine
from tests.servers.process import until
from tests.servers.serving import Visitor
from tests.servers.sockets import until_closed

ELECTION_SECONDS = 2.0
LEEWAY_SECONDS = 3.0  # of a machine that has other things to do
CALL_SECONDS = 2.0  # how long a call waits for its host
DRAIN_SECONDS = 20.0
ROOMY = {"MAX_RUNNING": 100}  # the load holds up no other body
RESTLESS = gunicorn("gthread-3", "gthread", "--threads", "4", "--workers", "3")
RECYCLED = gunicorn(
    "recycled",
    "gthread",
    *("--threads", "4", "--workers", "2", "--max-requests", "20"),
)


@pytest.fixture
def make_machine(stack, tmp_path, database):
    """Starts servers whose processes share a pool, and waits until they answer."""

    def make_machine(*servers, **options):
        folder = tmp_path / f"machine-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        machine = Machine(servers, folder, database, **options)
        return stack.enter_context(machine).until_ready()

    return make_machine


class Load:
    """Visitors who submit and look without a pause; a context manager."""

    def __init__(self, served, visitors=2):
        """Begins with the block, in a thread for each visitor."""
        self._served = served
        self._count = visitors
        self._stack = ExitStack()
        self.answers = Counter()
        """How many requests had which status; 0 where the connection broke."""
        self.slowest = 0.0
        self.bodies = []
        """The answers that should not be."""
        self._is_over = threading.Event()
        self._threads = []
        self._lock = threading.Lock()  # protects the counters
        served.note("load", "go")  # its bodies return at once

    def _go(self, visitor):
        while not self._is_over.is_set():
            self._note(lambda: visitor.post("/tasks/start/until_noted/", name="load"))
            self._note(lambda: visitor.http.get("/tasks/"))

    def _note(self, ask):
        begin = time.monotonic()
        try:
            answer = ask()
            status = answer.status_code
        except httpx.TransportError:  # the process that was killed had it
            status = 0
        with self._lock:
            self.answers[status] += 1
            self.slowest = max(self.slowest, time.monotonic() - begin)
            if status not in {0, 200, 202, 503}:
                self.bodies.append(answer.text)

    def go_on(self):
        """Return once new submissions and looks have been answered."""
        before = Counter(self.answers)
        until(
            lambda: all(self.answers[one] > before[one] for one in (200, 202)),
            "answers",
        )

    def __enter__(self):
        """The load; nothing ends before visitors are there and have been answered."""
        for _ in range(self._count):
            visitor = self._stack.enter_context(Visitor(self._served))
            thread = threading.Thread(target=self._go, args=(visitor,), daemon=True)
            thread.start()
            self._threads.append(thread)
        self.go_on()
        return self

    def __exit__(self, *exception):
        """All requests were answered."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        self._stack.close()


def host_of(served, name):
    """Submit, and return the id of the process that runs the body, once it does."""

    def accepted():
        try:
            with Visitor(served) as visitor:
                answer = visitor.post("/tasks/start/until_noted/", name=name)
                return answer.status_code == 202
        except httpx.TransportError:
            return False

    until(accepted, lambda: f"a host takes {name}:\n{served.log}")
    return int(served.until_noted(name, "started"))


def until_another_hosts(served, old):
    """Return once another process takes what is new; that ends at once."""
    names = (f"new{number}" for number in count())

    def another_hosts():
        name = next(names)
        served.note(name, "go")
        return host_of(served, name) != old

    until(another_hosts, "another process hosts")


def test_a_host_that_is_killed_again_and_again_is_replaced(make_machine):
    """No error and no hang, a host within two seconds, and an empty table."""
    machine = make_machine(RESTLESS, settings=ROOMY | {"DRAIN_SECONDS": 0.0})
    served = machine.first
    hosts = [host_of(served, "host0")]
    with Visitor(served) as visitor, Load(served) as load:
        lost = visitor.start("until_noted", "lost")
        for number in range(1, 3):  # the third worker is there in any case
            os.kill(hosts[-1], signal.SIGKILL)
            killed_at = time.monotonic()
            hosts.append(host_of(served, f"host{number}"))
            assert time.monotonic() - killed_at < ELECTION_SECONDS + LEEWAY_SECONDS
        until(lambda: shown(visitor) == [], "the table is empty")
        gone = until(lambda: status_of(visitor, lost["id"]), "an answer")
        load.go_on()

    assert gone == 404
    assert len({*hosts}) == 3
    assert load.bodies == []
    assert load.slowest < CALL_SECONDS + LEEWAY_SECONDS
    assert "Traceback" not in machine.log


def shown(visitor):
    """Return the ids that a visitor's table shows; None where there is no answer."""
    try:
        answer = visitor.http.get("/tasks/")
    except httpx.TransportError:
        return None
    rows = answer.json().get("operations")
    return None if rows is None else [row["id"] for row in rows]


def status_of(visitor, id):
    """Return the status code for an operation; 0 where the connection broke."""
    try:
        return visitor.http.get(f"/tasks/{id}/").status_code
    except httpx.TransportError:
        return 0


def test_a_rolling_restart_answers_all_and_loses_no_running_work(make_machine):
    """After HUP the old host drains, and a successor takes what is new."""
    settings = ROOMY | {"DRAIN_SECONDS": DRAIN_SECONDS}
    machine = make_machine(RESTLESS, settings=settings)
    served = machine.first
    old = host_of(served, "old")
    with Load(served) as load:
        served.process.send_signal(signal.SIGHUP)
        until_another_hosts(served, old)
        served.note("old", "go")
        assert int(served.until_noted("old", "finished")) == old
        until(lambda: not is_alive(old), "the old host ends")
        load.go_on()

    assert load.bodies == []
    assert "Traceback" not in machine.log


def is_alive(pid):
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_halted_host_costs_others_two_seconds_and_nothing_else(
    make_machine, make_visitor
):
    """503 with Retry-After, never run later; a page and its table are answered."""
    machine = make_machine(UVICORN, UVICORN, settings={"DRAIN_SECONDS": 0.0})
    host, client = machine.all
    with Visitor(host) as visitor:
        kept = visitor.start("until_noted", "kept")
        cookies = visitor.http.cookies.jar
    assert int(host.until_noted("kept", "started")) == host.process.pid
    visitor = make_visitor(client, cookies)
    assert shown(visitor) == [kept["id"]]

    with halted(host.process.pid):
        begin = time.monotonic()
        refused = visitor.post("/tasks/start/until_noted/", name="refused")
        took = time.monotonic() - begin
        fragment = visitor.http.get("/tasks/", headers={"HX-Request": "true"})
        page = visitor.http.get("/process/")
        health = visitor.http.get("/tasks/health/")

    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "unreachable"
    assert int(refused.headers["Retry-After"]) > 0
    assert took < CALL_SECONDS + LEEWAY_SECONDS
    assert fragment.status_code == 200
    assert "cannot be reached right now" in fragment.text
    assert "hx-trigger" in fragment.text
    assert page.status_code == 200
    assert health.status_code == 503
    until(lambda: shown(visitor) == [kept["id"]], "the host answers again")
    host.note("kept", "go")
    assert visitor.until_finished(kept["id"])["status"] == "SUCCESSFUL"
    assert not host.is_noted("refused", "started")


@contextmanager
def halted(pid):
    """Within the block the process does not run."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_waiter_gets_the_result_of_a_host_that_drains(make_machine, make_visitor):
    """Meanwhile what is new is run by another process."""
    settings = {"DRAIN_SECONDS": DRAIN_SECONDS}
    machine = make_machine(UVICORN, UVICORN, settings=settings)
    host, client = machine.all
    assert host_of(host, "first") == host.process.pid
    visitor = make_visitor(client)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(visitor.http.get, "/wait/waited/")
        assert int(host.until_noted("waited", "started")) == host.process.pid

        host.terminate()
        until_another_hosts(client, host.process.pid)
        for name in ("first", "waited"):
            host.note(name, "go")

        assert waiting.result().text == "waited"
    assert host.is_noted("first", "finished")
    assert host.exit_code() == -signal.SIGTERM  # uvicorn's own


def test_servers_use_a_process_of_its_own_that_hosts(make_machine, make_visitor):
    """When it ends, what it runs is finished there, and a server takes what is new.

    A socket at the server is closed, and shows the new host's truth when it is back.
    """
    machine = make_machine(UVICORN, settings={"DRAIN_SECONDS": DRAIN_SECONDS})
    server = machine.first
    host = machine.add(TASK_POOL)
    until(lambda: "Hosting the pool" in host.log, lambda: f"it hosts:\n{host.log}")
    visitor = make_visitor(server)
    row = visitor.start("until_noted", "kept")
    assert int(server.until_noted("kept", "started")) == host.process.pid

    with visitor.socket() as socket:
        assert row["id"] in socket.recv(timeout=20)
        host.terminate()
        until_another_hosts(server, host.process.pid)
        assert until_closed(socket)[1] == 4500
    with visitor.socket() as socket:
        assert json.loads(socket.recv(timeout=20))["operations"] == []
    server.note("kept", "go")

    assert host.exit_code() == 0
    assert int(server.until_noted("kept", "finished")) == host.process.pid
    assert visitor.http.get(f"/tasks/{row['id']}/").status_code == 404
    second = machine.add(TASK_POOL)
    until(lambda: "waiting for its end" in second.log, lambda: second.log)


def test_garbage_at_the_socket_harms_no_visitor(make_machine, make_visitor):
    """It is dropped with a line in the log, while the processes go on."""
    machine = make_machine(UVICORN, UVICORN, settings={"DRAIN_SECONDS": 0.0})
    visitor = make_visitor(machine.first)
    row = visitor.start("until_noted", "kept")
    (address,) = machine.pool_dir.glob("*.socket")

    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 4096, b"\0"):
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(str(address))
            stranger.sendall(garbage)
            stranger.shutdown(socket.SHUT_WR)
            while stranger.recv(4096):
                pass

    assert shown(visitor) == [row["id"]]
    assert "Traceback" not in machine.log


def test_another_site_shares_the_folder_and_nothing_else(
    make_machine, make_visitor, tmp_path
):
    """With another secret key it has files of its own, and hosts its own pool."""
    mine = make_machine(UVICORN, settings={"DRAIN_SECONDS": 0.0})
    shared = {"DRAIN_SECONDS": 0.0, "POOL_DIR": str(mine.pool_dir)}
    theirs = make_machine(UVICORN, settings=shared, SITE_SECRET_KEY="another site's")

    for machine in (mine, theirs):
        served = machine.first
        assert host_of(served, "alone") == served.process.pid

    files = [*mine.pool_dir.iterdir()]
    assert len(files) == 4
    assert all(path.stat().st_size == 0 for path in files)


def test_a_recycled_host_finishes_its_work(make_machine):
    """A worker that has answered its share drains; another hosts what is new."""
    settings = ROOMY | {"DRAIN_SECONDS": DRAIN_SECONDS}
    machine = make_machine(RECYCLED, settings=settings)
    served = machine.first
    old = host_of(served, "old")
    with Load(served) as load:
        until_another_hosts(served, old)
        assert is_alive(old)
        served.note("old", "go")
        assert int(served.until_noted("old", "finished")) == old
        until(lambda: not is_alive(old), "the old host ends")
        load.go_on()

    assert load.bodies == []
    assert "Traceback" not in machine.log
