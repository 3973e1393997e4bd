"""Who hosts the pool of a machine: real processes, one folder."""

import asyncio
import os
import shutil
import signal
import threading
import time
from contextlib import suppress

import pytest
from django.core.exceptions import ImproperlyConfigured

from ephemeral_tasks import signals
from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.errors import Unreachable
from ephemeral_tasks.machine import connecting, hosting, process
from ephemeral_tasks.machine.calls import ConnectionLost
from ephemeral_tasks.machine.folder import find_places
from ephemeral_tasks.machine.listener import Listener
from ephemeral_tasks.machine.membership import NOBODY, Membership
from tests.machine.wiring import machine_settings


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
    """After ``kill -9``, and within two seconds: a look for a host has no more."""
    host, *others = (make_member() for _ in range(3))
    host.ask("where")
    for one in others:
        one.ask("where")

    host.kill()
    assert all(one.ask("lost") for one in others)
    pids = {one.ask("call", "pid") for one in others}

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


def test_the_callback_of_an_election_may_ask_for_the_host(tmp_path, settings):
    """It is this process, which answers nobody before the callback has returned."""
    settings.EPHEMERAL_TASKS = {"POOL_DIR": str(tmp_path / "pool")}
    found = []
    membership = Membership(
        lambda *call: None,
        on_host=lambda listener: found.append((membership.where(), listener)),
    )

    assert membership.where() is None
    assert found == [(None, membership.listener)]
    membership.close()


@pytest.mark.parametrize("error", [ImproperlyConfigured("wrong"), LookupError("no")])
def test_an_election_whose_callback_raises_is_none(tmp_path, settings, error):
    """All callers get the error, and another process may host."""
    settings.EPHEMERAL_TASKS = {"POOL_DIR": str(tmp_path / "pool")}
    errors = [error]

    def on_host(listener):
        if errors:
            raise errors.pop()

    membership = Membership(lambda *call: None, on_host=on_host)
    with pytest.raises(type(error), match=str(error)):
        membership.where()

    assert membership.listener is None
    assert membership.where() is None
    membership.close()


def test_an_election_without_a_thread_is_none(tmp_path, settings, monkeypatch):
    """A host that cannot answer holds no lock: another process may host."""
    settings.EPHEMERAL_TASKS = {"POOL_DIR": str(tmp_path / "pool")}

    def fail(listener):
        raise RuntimeError("can't start new thread")

    membership = Membership(lambda *call: None, on_host=lambda listener: None)
    with monkeypatch.context() as patch:
        patch.setattr(Listener, "start", fail)
        with pytest.raises(RuntimeError, match="start new thread"):
            membership.where()

    assert membership.listener is None
    assert membership.where() is None
    membership.close()


async def test_a_loop_waits_for_the_host_without_blocking(membership, make_member):
    """Many at once share one look; an error is each one's own."""
    host = make_member()
    host.ask("where")
    turns = 0

    async def turn():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    host.stop()
    turning = asyncio.ensure_future(turn())
    looks = [membership.awhere(timeout=0.2) for _ in range(5)]
    errors = await asyncio.gather(*looks, return_exceptions=True)
    host.go_on()
    found = await asyncio.gather(*(membership.awhere() for _ in range(5)))
    turning.cancel()

    assert [type(one) for one in errors] == [Unreachable] * 5
    assert len({id(one) for one in errors}) == 5
    assert turns > 5
    assert len(set(found)) == 1


def test_a_dead_host_is_left_before_its_end_was_noticed(
    tmp_path, settings, make_member
):
    """Whose call found the connection broken looks anew; the loss is announced once."""
    settings.EPHEMERAL_TASKS = {"POOL_DIR": str(tmp_path / "pool")}
    is_busy, gate, lost = threading.Event(), threading.Event(), threading.Event()
    losses = []

    def on_notice(kind, payload):
        is_busy.set()
        gate.wait(PATIENCE_SECONDS)

    def on_lost(link):
        losses.append(link)
        lost.set()

    membership = Membership(
        lambda *call: None,
        on_host=lambda listener: None,
        on_notice=on_notice,
        on_lost=on_lost,
    )
    host = make_member()
    host.ask("where")
    link = membership.where()
    assert link.call("pid") == host.pid  # now the host knows that the handshake is over
    host.ask("broadcast")
    assert is_busy.wait(PATIENCE_SECONDS)
    host.kill()

    with pytest.raises(ConnectionLost) as raised:
        link.call("pid")

    assert not raised.value.is_maybe_run
    assert membership.where() is None
    gate.set()
    assert lost.wait(PATIENCE_SECONDS)
    link.join(PATIENCE_SECONDS)
    assert losses == [link]
    assert membership.where() is None
    membership.close()


def test_a_host_that_drains_and_ends_is_lost_once(tmp_path, settings, make_member):
    """When it drains; its end is no news."""
    settings.EPHEMERAL_TASKS = {"POOL_DIR": str(tmp_path / "pool")}
    losses, lost = [], threading.Event()

    def on_lost(link):
        losses.append(link)
        lost.set()

    membership = Membership(
        lambda *call: None, on_host=lambda listener: None, on_lost=on_lost
    )
    host = make_member()
    host.ask("where")
    link = membership.where()

    host.ask("retire")
    assert lost.wait(PATIENCE_SECONDS)
    assert link.call("pid") == host.pid
    host.kill()
    link.join(PATIENCE_SECONDS)

    assert losses == [link]
    membership.close()


async def test_a_caller_has_its_own_time(membership, make_member):
    """Who shares a search that ends too early begins another."""
    host = make_member()
    host.ask("where")
    host.stop()
    short = asyncio.ensure_future(membership.awhere(timeout=0.1))
    await asyncio.sleep(0)  # it searches, and the next one joins it
    long = asyncio.ensure_future(membership.awhere(timeout=10))

    with pytest.raises(Unreachable):
        await short
    host.go_on()

    assert await long is membership.where()


def test_a_forked_child_is_a_process_of_its_own(make_member):
    """Of a client and of the host; the parent's connection and part stay as before."""
    host, client = make_member(), make_member()
    host.ask("where")
    assert client.ask("call", "pid") == host.pid

    assert client.ask("fork") == ["client", host.pid]
    assert client.ask("call", "pid") == host.pid
    assert host.ask("fork") == ["client", host.pid]
    assert client.ask("call", "pid") == host.pid


def test_a_child_that_lives_on_keeps_nobody_waiting(make_member):
    """When its parent, the host, is killed, the clients see that and elect another."""
    host, client = make_member(), make_member()
    host.ask("where")
    assert client.ask("call", "pid") == host.pid
    child = host.ask("linger")

    host.kill()

    assert client.ask("lost")
    assert client.ask("where") == "host"
    os.kill(child, signal.SIGKILL)


def test_a_child_that_lives_on_does_not_stand_in_for_a_client(make_member):
    """When its parent is killed, the host knows that the client has gone."""
    host, client = make_member(), make_member()
    host.ask("where")
    client.ask("where")
    child = client.ask("linger")
    client.begin("call", "hang")
    host.ask("until_waiting")

    client.kill()

    assert host.ask("until_idle")
    os.kill(child, signal.SIGKILL)


def test_two_sites_do_not_meet(make_member):
    """In one folder each has a host; the files of both stay empty."""
    one, other = make_member(), make_member(secret_key="another")

    assert one.ask("where") == "host"
    assert other.ask("where") == "host"

    files = sorted(one.folder.iterdir())
    assert [file.suffix for file in files].count(".lock") == 2
    assert {file.stat().st_size for file in files} == {0}


def test_a_removed_lock_makes_no_second_host(make_member):
    """A cleaner of temporary folders may remove it; the host is asked first."""
    host, client = make_member(), make_member()
    host.ask("where")
    for file in host.folder.glob("*.lock"):
        file.unlink()

    assert client.ask("where") == "client"


def remove(member, *names):
    """Remove files of the members' folder, as a cleaner does."""
    for name in names:
        for file in member.folder.glob(f"*.{name}"):
            file.unlink()


def test_new_processes_find_a_host_whose_socket_was_removed(make_member):
    """It is made again within a second or two."""
    host, client = make_member(), make_member()
    host.ask("where")
    remove(host, "socket")

    assert client.ask("where", True, PATIENCE_SECONDS) == "client"
    assert client.ask("call", "pid") == host.pid


def test_new_processes_find_a_host_whose_folder_was_removed(make_member):
    """The folder is made again, too, and others may not enter it."""
    host, client = make_member(), make_member()
    host.ask("where")
    shutil.rmtree(host.folder)

    host.ask("care")

    assert client.ask("call", "pid") == host.pid
    assert host.folder.stat().st_mode & 0o777 == 0o700


def test_a_removed_lock_is_no_reason_to_host(membership, make_member):
    """Whoever would host asks at the socket first."""
    host = make_member()
    host.ask("where")
    remove(host, "lock")

    assert not membership.try_host()

    assert membership.listener is None


def test_a_process_that_waits_leaves_a_removed_lock_to_the_host(
    membership, make_member, monkeypatch
):
    """Which goes on hosting; the process that waits hosts after it."""
    host, client = make_member(), make_member()
    host.ask("where")
    remove(host, "lock")
    asked, has_host = threading.Event(), connecting.has_host

    def note(*place):
        found = has_host(*place)
        asked.set()
        return found

    monkeypatch.setattr(connecting, "has_host", note)
    waiting = threading.Thread(target=membership.wait_and_host)
    waiting.start()
    assert asked.wait(PATIENCE_SECONDS)

    assert client.ask("call", "pid") == host.pid
    assert membership.listener is None
    host.kill()
    client.kill()
    waiting.join()
    assert membership.where() is None


def test_a_host_that_was_replaced_while_it_was_halted_gives_way(
    membership, make_member
):
    """All processes meet at the new host; the old one may be elected after it."""
    old, client = make_member(), make_member()
    old.ask("where")
    old.stop()
    remove(old, "lock", "socket")
    assert membership.where() is None

    old.go_on()

    assert old.ask("lost")
    assert old.ask("call", "pid") == os.getpid()
    assert client.ask("call", "pid") == os.getpid()
    membership.close()
    assert old.ask("lost")
    assert old.ask("where") == "host"


def test_a_host_that_was_replaced_sends_no_more_notices(
    make_member, tmp_path, monkeypatch
):
    """Its sockets are closed, and its calls go to the new host."""
    monkeypatch.setattr(hosting, "_CARE_SECONDS", 3600.0)  # by hand, below
    other = make_member()
    with machine_settings(monkeypatch, str(tmp_path / "pool")):
        assert other.ask("where", False) == "nobody"
        is_renewed = threading.Event()
        leave = signals.connect(
            changed=signals.ignore, ended=signals.ignore, renewed=is_renewed.set
        )
        listeners = signals._listeners
        assert process.try_host()
        assert len(signals._listeners) == len(listeners) + 1
        is_renewed.clear()
        remove(other, "lock", "socket")
        assert other.ask("where") == "host"

        membership = process._get()
        places = find_places()
        membership.listener._call(lambda: membership._hosting.look_after(places))

        assert is_renewed.is_set()
        assert signals._listeners == listeners
        assert not process.is_host()
        assert process.find(create=False, timeout=2.0).call("pid") == other.pid
        leave()
        process.reset()


def test_a_stalled_host_is_waited_for_once(membership, make_member):
    """After that no thread waits for long, and the host is found when it goes on."""
    host = make_member()
    host.ask("where")
    host.stop()
    with pytest.raises(Unreachable):
        membership.where()

    began = time.monotonic()
    with pytest.raises(Unreachable):
        membership.where(timeout=60.0)
    assert time.monotonic() - began < PATIENCE_SECONDS

    host.go_on()
    found = None
    while found is None:  # each time it waits for 0.05 s
        with suppress(Unreachable):
            found = membership.where()
    assert found.call("pid") == host.pid


def test_who_waits_hosts_as_soon_as_the_host_is_gone(membership, make_member):
    """Before any other process, and for good."""
    host, client = make_member(), make_member()
    host.ask("where")
    client.ask("where")
    assert not membership.try_host()
    waiting = threading.Thread(target=membership.wait_and_host)
    waiting.start()

    host.kill()
    waiting.join()

    assert client.ask("lost")
    assert client.ask("call", "pid") == os.getpid()
    assert membership.where() is None


def test_a_host_need_not_wait_to_host(membership):
    """It has one listener, whose clients stay."""
    assert membership.try_host()
    listener = membership.listener

    membership.wait_and_host()

    assert membership.listener is listener


def test_a_process_that_may_not_host_finds_nobody_reachable(tmp_path, settings):
    """It waits for its time, and no longer."""
    settings.EPHEMERAL_TASKS = {"POOL_DIR": str(tmp_path / "pool")}
    membership = Membership(
        lambda *call: None, on_host=lambda listener: None, may_host=False
    )

    with pytest.raises(Unreachable):
        membership.where(timeout=0.05)
