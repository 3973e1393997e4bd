"""``manage.py task_pool``: a process that hosts the pool and serves no pages."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from ephemeral_tasks import asubmit, awindow, pool, submit, window
from ephemeral_tasks.core.status import Status
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.machine import process
from ephemeral_tasks.web import push
from tests.layers import ROOT
from tests.management import tasks

HOSTING = "Hosting the pool (process {}).\n"
WAITING = "Another process hosts the pool: waiting for its end.\n"
ENDING = "Ending: no more is accepted.\n"


@pytest.fixture
def folder(tmp_path, settings):
    """Where this process and the commands meet."""
    settings.EPHEMERAL_TASKS = {"POOL": "machine", "POOL_DIR": str(tmp_path / "pool")}
    pool.reset()
    yield tmp_path / "pool"
    pool.reset()


SCRIPT = """
import sys
import django
django.setup()
from ephemeral_tasks import operation_finished, submit
from ephemeral_tasks.machine import process
from tests.management import tasks
def show(status, **rest):
    print(status, flush=True)
operation_finished.connect(show)
submit(sys.argv[1], tasks.command_gate, *sys.argv[2:])
print("host" if process.is_host() else "client", flush=True)
"""
"""Submits a task that says where it runs, and ends; shows the status of its end."""


@pytest.fixture
def start(folder):
    """Starts a Python program, the command by default, in a process of its own."""
    started = []

    def start(*program):
        started.append(
            subprocess.Popen(
                [sys.executable, *(program or ("-m", "django", "task_pool"))],
                cwd=ROOT,
                env=os.environ
                | {
                    "DJANGO_SETTINGS_MODULE": "tests.management.machine_settings",
                    "TESTS_POOL_DIR": str(folder),
                },
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


def test_it_hosts_what_others_submit_and_drains_at_sigterm(start, owner, tmp_path):
    """What was accepted goes on, nothing more is, and the exit code is 0."""
    command = start()
    assert command.stdout.readline() == HOSTING.format(command.pid)
    gate, begun = tmp_path / "gate", tmp_path / "begun"
    os.mkfifo(gate)
    os.mkfifo(begun)

    handle = submit(owner, tasks.command_gate, str(begun), str(gate))
    assert begun.read_text() == f"{command.pid}"
    command.send_signal(signal.SIGTERM)
    assert command.stdout.readline() == ENDING
    gate.write_text("")

    assert command.wait(PATIENCE_SECONDS) == 0
    assert not process.is_host()
    assert handle.task == "command_gate"


def test_it_waits_while_another_process_hosts(start, owner):
    """And hosts as soon as that one has ended; Ctrl-C ends it, too."""
    first = start()
    assert first.stdout.readline() == HOSTING.format(first.pid)
    second = start()
    assert second.stdout.readline() == WAITING

    first.kill()

    assert second.stdout.readline() == HOSTING.format(second.pid)
    handle = submit(owner, tasks.command_text, "a")
    assert handle.task == "command_text"
    second.send_signal(signal.SIGINT)
    assert second.stdout.readline() == ENDING
    assert second.wait(PATIENCE_SECONDS) == 0


def test_a_signal_ends_the_wait(start, folder, owner):
    """A process that never hosted ends at once."""
    handle = submit(owner, tasks.command_text, "a")
    assert process.is_host()
    command = start()
    assert command.stdout.readline() == WAITING

    command.send_signal(signal.SIGTERM)

    assert command.stdout.readline() == ENDING
    assert command.wait(PATIENCE_SECONDS) == 0
    assert handle.id


def test_a_pool_for_each_process_is_refused(settings):
    """With the setting that it needs."""
    settings.EPHEMERAL_TASKS = {}

    with pytest.raises(CommandError, match=r"^POOL is 'process': .*\"machine\""):
        call_command("task_pool", skip_checks=True)


@pytest.fixture
def gates(tmp_path):
    """Two pipes: the body says at the first where it runs, and waits at the other."""
    made = tmp_path / "begun", tmp_path / "gate"
    for path in made:
        os.mkfifo(path)
    return made


def test_a_script_is_a_client_where_a_process_hosts(start, owner, gates):
    """It ends without waiting for what it submitted."""
    command = start()
    assert command.stdout.readline() == HOSTING.format(command.pid)
    begun, gate = gates

    script = start("-c", SCRIPT, owner, *map(str, gates))

    assert begun.read_text() == f"{command.pid}"
    assert script.stdout.readline() == "client\n"
    assert script.stdout.read() == ""
    assert script.wait(PATIENCE_SECONDS) == 0
    (row,) = window(owner)
    assert row.status is Status.RUNNING
    gate.write_text("")


def test_a_script_hosts_where_no_process_does(start, owner, gates):
    """It drains at its end: what it accepted is finished."""
    begun, gate = gates

    script = start("-c", SCRIPT, owner, *map(str, gates))

    assert begun.read_text() == f"{script.pid}"
    assert script.stdout.readline() == "host\n"
    gate.write_text("")
    assert script.stdout.read() == "SUCCESSFUL\n"
    assert script.wait(PATIENCE_SECONDS) == 0


async def test_a_host_that_is_killed_closes_the_sockets_of_its_clients(start, owner):
    """They connect again, to the truth of the new host."""
    command = start()
    assert command.stdout.readline() == HOSTING.format(command.pid)
    await asubmit(owner, tasks.command_text, "a")
    assert not process.is_host()
    socket = Socket()
    push.subscribe(owner, socket)

    command.kill()

    assert await asyncio.wait_for(socket.code, PATIENCE_SECONDS) == push.FAILED
    assert await awindow(owner) == ()
    assert process.is_host()


class Socket:
    """Is told as a websocket's consumer is."""

    def __init__(self):
        self.code = asyncio.get_running_loop().create_future()
        """The code of its close."""

    def wake(self):
        """The window has changed."""

    def end(self, code):
        """Close."""
        self.code.set_result(code)
