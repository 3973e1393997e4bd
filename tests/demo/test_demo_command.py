"""`manage.py demo`: prepared, served, ended."""

import asyncio
import io
import json
import signal
import socket
import subprocess
import sys
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener, urlopen

import pytest
from django.core.management import CommandError

from demo_site.editor.management.commands import demo
from demo_site.translation import InstallFailed
from tests.browser.server import ROOT, DemoServer


@pytest.fixture
def make_server(tmp_path):
    """Starts the demo in a process of its own, which ends with the test."""
    servers = []

    def make_server(settings="tests.browser.settings"):
        servers.append(DemoServer(tmp_path, settings))
        return servers[-1]

    yield make_server
    for server in servers:
        server.__exit__()


def get(url):
    """The status of an answer."""
    with urlopen(url) as answer:
        return answer.status


def test_one_command_makes_a_site(make_server):
    """Database, staff user, page and static files, at the address it says."""
    server = make_server("demo_site.settings")

    assert "Staff user: admin" in server.said
    for path in ("", "static/editor/editor.css", "admin/login/", "tasks/health/"):
        assert get(server.url + path) == 200


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_and_finishes_what_runs(make_server, how):
    """At SIGTERM or Ctrl-C it waits for running work and returns 0."""
    server = make_server()
    start(server, "This takes a second.")

    status, said = server.stop(how)

    assert status == 0
    assert "Stopping" in said
    assert "status=SUCCESSFUL" in server.log()
    assert "Traceback" not in server.log()


def start(server, text):
    """An operation of a visitor runs."""
    opener = build_opener(HTTPCookieProcessor(jar := CookieJar()))
    opener.open(server.url).close()
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    data = urlencode({"source": "en", "target": "es", "text": text}).encode()
    headers = {"X-CSRFToken": token, "Accept": "application/json"}
    with opener.open(Request(f"{server.url}tasks/start/translate/", data, headers)):
        pass
    is_running = False
    while not is_running:
        with opener.open(f"{server.url}tasks/") as answer:
            (row,) = json.load(answer)["operations"]
        is_running = row["status"] == "RUNNING"


def test_a_second_start_has_a_new_password(make_server):
    """The database of the first is there, and its staff user."""
    first = make_server()
    first.stop()

    second = make_server()

    assert "Staff user: admin" in second.said
    assert first.said.splitlines()[0] != second.said.splitlines()[0]


def test_an_address_in_use_is_said(tmp_path):
    """No traceback, and a status that scripts see."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "manage.py", "demo", address],
            cwd=ROOT,
            env=DemoServer.environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert f"cannot listen on {address}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("address", "parsed"),
    [
        ("8000", ("127.0.0.1", 8000)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:8080", ("[::1]", 8080)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
    ],
)
def test_an_address_is_a_port_with_or_without_a_host(address, parsed):
    """As `runserver` takes it, but IPv6 always in brackets."""
    assert demo._parse(address) == parsed


@pytest.mark.parametrize(
    "address", ["", "host", "127.0.0.1:", "::1", "x:70000", "a b:1"]
)
def test_anything_else_is_refused(address):
    """With the rule, and what came."""
    with pytest.raises(CommandError, match="address must be \\[host:\\]port, got"):
        demo._parse(address)


class Machine:
    """What `demo` asks of the machine it runs on."""

    def __init__(self, monkeypatch):
        self.is_pseudo = True
        self.can_install = True
        self.is_terminal = True
        self.answer = "n"
        self.error = None
        self.asked = []
        self.installed = 0
        monkeypatch.setattr(demo, "get_engine", self)
        monkeypatch.setattr(demo, "can_install", lambda: self.can_install)
        monkeypatch.setattr(demo, "install_apertium", self._install)
        monkeypatch.setattr(demo, "install_command", lambda: ["get", "apertium"])
        monkeypatch.setattr("builtins.input", self._input)
        monkeypatch.setattr(sys, "stdin", self)

    def __call__(self):
        """The engine, and this machine is it."""
        return self

    def cache_clear(self):
        """Looked for anew, an installed engine is found."""
        self.is_pseudo = not self.installed

    def isatty(self):
        """Whether somebody sits there."""
        return self.is_terminal

    def _install(self):
        if self.error:
            raise self.error
        self.installed += 1

    def _input(self, question):
        self.asked.append(question)
        return self.answer

    def prepared(self, *, install=False):
        """What the command says while it sees to an engine."""
        out = io.StringIO()
        command = demo.Command(stdout=out, stderr=out)
        command._prepare_engine(install=install)
        return out.getvalue()


@pytest.fixture
def machine(monkeypatch):
    """Debian, root, a terminal, no engine."""
    return Machine(monkeypatch)


def test_who_says_yes_gets_an_engine(machine):
    """On a terminal it asks first, with the command it would run."""
    machine.answer = "Yes"

    said = machine.prepared()

    assert machine.asked == ["Run get apertium? [y/N] "]
    assert machine.installed == 1
    assert "only accent letters" not in said


@pytest.mark.parametrize("answer", ["", "n", "what?"])
def test_who_does_not_say_yes_gets_the_command(machine, answer):
    """It starts all the same, with the engine that pretends."""
    machine.answer = answer

    said = machine.prepared()

    assert not machine.installed
    assert "To translate for real: get apertium" in said


@pytest.mark.parametrize("lacking", ["is_terminal", "can_install"])
def test_nobody_is_asked_where_it_makes_no_sense(machine, lacking):
    """Without a terminal, or without the means, the command is printed."""
    setattr(machine, lacking, False)

    said = machine.prepared()

    assert not machine.asked
    assert "To translate for real: get apertium" in said


def test_install_asks_nobody(machine):
    """A script says yes beforehand, with or without a terminal."""
    machine.is_terminal = False

    said = machine.prepared(install=True)

    assert machine.installed == 1
    assert not machine.asked
    assert "only accent letters" not in said


def test_an_engine_that_is_there_is_enough(machine):
    """Nothing is asked, installed or said."""
    machine.is_pseudo = False

    assert machine.prepared() == ""
    assert not machine.installed


def test_a_failed_installation_does_not_keep_the_demo_from_starting(machine):
    """It says what ended how, and goes on."""
    machine.error = InstallFailed(["get", "apertium"], 100)

    said = machine.prepared(install=True)

    assert "get apertium ended with status 100; the demo starts without it." in said
    assert "only accent letters" in said


def test_install_where_it_cannot_be_says_why(machine):
    """As on a Mac, or without sudo."""
    machine.can_install = False

    assert "needs Debian or Ubuntu" in machine.prepared(install=True)
    assert not machine.installed


async def test_it_waits_for_the_application_of_every_connection():
    """Each is cancelled and has ended, also beside a connection without one."""
    ended = []

    async def application(name, turns):
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(turns):
                await asyncio.sleep(0)
            ended.append(name)

    quick, slow = (asyncio.create_task(application(turns, turns)) for turns in (1, 9))
    await asyncio.sleep(0)
    server = demo.DemoServer(None, endpoints=["tcp:0"])
    server.connections = {
        "finished": {},
        "quick": {"application_instance": quick},
        "slow": {"application_instance": slow},
    }

    await server.kill_all_applications().asFuture(asyncio.get_running_loop())

    assert ended == [1, 9]
