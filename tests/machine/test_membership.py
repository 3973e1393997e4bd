"""Who hosts the pool of a machine: real processes, one folder."""

import os
import threading
import time

import pytest

from ephemeral_tasks.errors import Unreachable
from ephemeral_tasks.machine.membership import NOBODY, Membership


@pytest.fixture
def membership(tmp_path, settings):
    """This process's own part, in the folder of the members."""
    settings.EPHEMERAL_TASKS = {"POOL_DIR": str(tmp_path / "pool")}
    made = Membership(lambda *call: os.getpid(), on_host=lambda listener: None)
    yield made
    made.close()


def test_the_first_process_hosts_and_the_others_are_its_clients(make_member):
    """Each knows its part, and a client's call is answered by the host."""
    first, second, third = (make_member() for _ in range(3))

    assert first.ask("where") == "host"
    assert [one.ask("where") for one in (second, third)] == ["client", "client"]
    assert [one.ask("call", "pid") for one in (second, third)] == [first.pid] * 2


def test_nobody_is_elected_by_a_look(membership):
    """Without ``create`` a process that finds no host stays without one."""
    assert membership.where(create=False) is NOBODY
    assert membership.listener is None

    assert membership.where() is None


def test_a_look_finds_the_host(make_member):
    """Without ``create`` a process becomes the client of a host that there is."""
    host, client = make_member(), make_member()
    host.ask("where")

    assert client.ask("where", False) == "client"


def test_the_next_call_elects_a_new_host_when_the_old_one_was_killed(make_member):
    """After ``kill -9``, and within two seconds."""
    host, *others = (make_member() for _ in range(3))
    host.ask("where")
    for one in others:
        one.ask("where")

    host.kill()
    since = time.monotonic()
    assert all(one.ask("lost") for one in others)
    pids = {one.ask("call", "pid") for one in others}

    assert time.monotonic() - since < 2
    assert len(pids) == 1
    assert pids < {one.pid for one in others}


def test_a_retired_host_hosts_no_more(make_member):
    """Another process is elected while it drains, and the old one is its client."""
    old, new = make_member(), make_member()
    old.ask("where")
    new.ask("where")

    old.ask("retire")
    assert new.ask("lost")

    assert new.ask("where") == "host"
    assert old.ask("where") == "client"
    assert old.ask("call", "pid") == new.pid
    new.kill()
    assert old.ask("lost")
    assert old.ask("where") == "Unreachable"


def test_a_call_of_many_threads_joins_once(membership, make_member):
    """Threads that need the host at the same time share one connection."""
    host = make_member()
    host.ask("where")
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(membership.where()))
        for _ in range(20)
    ]

    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(found) == 20
    (link,) = set(found)
    assert link.call("pid") == host.pid


def test_a_process_that_may_not_host_finds_nobody_reachable(tmp_path, settings):
    """It waits for its time, and no longer."""
    settings.EPHEMERAL_TASKS = {"POOL_DIR": str(tmp_path / "pool")}
    membership = Membership(
        lambda *call: None, on_host=lambda listener: None, may_host=False
    )

    with pytest.raises(Unreachable):
        membership.where(timeout=0.05)
