"""The host's end: whom it answers, and whom it drops."""

import logging
import os
import re
import signal
import socket
import struct
import threading

import pytest

from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.machine import connecting, drops, handshake
from ephemeral_tasks.machine.calls import ConnectionLost
from ephemeral_tasks.machine.wire import (
    HANDSHAKE_BYTES,
    BrokenWire,
    FrameReader,
    Kind,
    pack,
)
from tests.machine.conftest import KEY

NO_END = {"timeout": None}


@pytest.fixture(autouse=True)
def _all_lines(monkeypatch):
    """Other tests' drops do not count."""
    monkeypatch.setattr(drops, "_since", float("-inf"))


@pytest.fixture
def stranger(listener, address):
    """A connection without a handshake."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_SECONDS)
        connection.connect(str(address))
        yield connection


def read_to_end(connection):
    """Return what comes until the other end closes."""
    found = b""
    try:
        while data := connection.recv(4096):
            found += data
    except ConnectionResetError:  # closed while bytes of ours were on the way
        pass
    return found


def hello(version=None, key=KEY, host=b""):
    """Return a client's hello with its proof."""
    made = handshake.make_hello()
    if version is not None:
        protocol, _, rest = made.split(b" ", 2)
        made = b" ".join([protocol, version, rest])
    return made + handshake.prove(key, b"client", host, made)


BAD = {
    "garbage": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "a frame of .* bytes"),
    "a huge length": (struct.pack("!IBQ", 2**32 - 1, 1, 0), "a frame of 4294967295"),
    "half a message": (pack(Kind.HELLO, payload=b"x" * 99)[:20], "it ended before"),
    "nothing": (b"", "it ended before"),
    "a call": (pack(Kind.CALL, 1, b"x"), "a frame of kind 3 before the handshake"),
    "no hello": (pack(Kind.HELLO, payload=b"x" * 99), "no hello of this package"),
    "too long": (pack(Kind.HELLO, payload=b"x" * (HANDSHAKE_BYTES + 1)), "a frame of"),
    "another key": (pack(Kind.HELLO, payload=hello()), "another key"),
    "another version": (
        pack(Kind.HELLO, payload=hello(version=b"99.0")),
        "version '99.0' with protocol 1, here",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_stranger_is_dropped_and_harms_nobody(stranger, link, caplog, verbs, kind):
    """With one line in the log; nothing is unpickled, and others are answered."""
    sent, reason = BAD[kind]

    stranger.sendall(sent)
    stranger.shutdown(socket.SHUT_WR)
    read_to_end(stranger)

    assert link.call("echo", (1,)) == 1
    assert verbs.asked == ["echo"]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("dropped a connection to the machine's pool:")
    assert re.search(reason, record.getMessage())


def test_a_silent_stranger_is_dropped_in_a_second(stranger, caplog):
    """The handshake has its own time."""
    read_to_end(stranger)

    assert "no handshake within 1 s" in caplog.text


def test_ten_lines_a_minute_at_most(listener, address, caplog, make_link):
    """Somebody who tries again and again does not fill the log."""
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(address))
            connection.sendall(b"x" * 99)
            read_to_end(connection)

    make_link().call("echo", (1,))

    assert len(caplog.records) == 10


def test_another_user_is_dropped(address, listener, caplog, monkeypatch):
    """Whatever it knows."""
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)

    with pytest.raises(BrokenWire, match="the host runs as another user"):
        connecting.connect(address, KEY, 1.0)

    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(address))
        assert read_to_end(connection) == b""
    assert "it runs as another user" in caplog.text


def test_a_host_with_another_key_is_left(address, listener):
    """The client checks the host as the host checks the client."""
    with pytest.raises(connecting.Silent):  # the host drops it first
        connecting.connect(address, b"x" * 32, 1.0)


def test_an_impostor_cannot_host(address):
    """It does not know the key, and nothing of the client is unpickled or sent."""
    with socket.socket(socket.AF_UNIX) as impostor:
        impostor.bind(str(address))
        impostor.listen()

        def serve():
            connection, _ = impostor.accept()
            with connection:
                connection.sendall(pack(Kind.HELLO, payload=handshake.make_hello()))
                connection.recv(4096)
                connection.sendall(pack(Kind.PROOF, payload=b"x" * 32))

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(BrokenWire, match="another key"):
            connecting.connect(address, KEY, 5.0)
        thread.join()


def test_a_proof_is_good_for_one_connection(listener, address, link):
    """What another client has sent is worth nothing on a second one."""
    sent = []
    for _ in range(2):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(str(address))
            reader = FrameReader(HANDSHAKE_BYTES)
            (frame,) = reader.feed(connection.recv(4096))
            if not sent:
                sent.append(hello(host=bytes(frame.payload)))
            connection.sendall(pack(Kind.HELLO, payload=sent[0]))
            answers = FrameReader(HANDSHAKE_BYTES).feed(connection.recv(4096))
            sent.append([frame.kind for frame in answers])

    assert sent[1:] == [[Kind.PROOF], []]


def test_a_client_that_breaks_the_wire_is_dropped(make_link, listener, caplog):
    """After its handshake, too; other clients go on."""
    bad, good = make_link(), make_link()

    bad._outbox.send(pack(Kind.NOTICE, payload=b"x"))
    bad.join(PATIENCE_SECONDS)

    assert bad.is_closed
    assert good.call("echo", (1,)) == 1
    assert "a frame of kind 8 from a client" in caplog.text


def test_half_a_message_at_the_end_is_logged(make_link, listener, caplog):
    """A client that was killed within a call harms nobody."""
    bad, good = make_link(), make_link()

    bad._outbox.send(pack(Kind.CALL, 1, b"x" * 99)[:50])
    bad.close()
    bad.join(PATIENCE_SECONDS)

    assert good.call("echo", (1,)) == 1
    assert "it ended within a message" in caplog.text


class Notices:
    """What a link's callback was called with."""

    def __init__(self):
        self.found = []
        self.has_come = threading.Semaphore(0)

    def take(self, kind, payload):
        self.found.append((kind, payload))
        self.has_come.release()

    def wait(self, count):
        for _ in range(count):
            assert self.has_come.acquire(timeout=PATIENCE_SECONDS)


def test_notices_reach_all_clients_in_order(listener, make_link):
    """From any thread of the host; one of them or all."""
    notices = [Notices(), Notices()]
    links = [make_link(on_notice=one.take) for one in notices]
    for one in links:
        one.call("echo", (1,))

    listener.broadcast("changed", "a")
    for peer in listener.peers:
        peer.notify("changed", "b")
    for one in notices:
        one.wait(2)

    assert [one.found for one in notices] == [[("changed", "a"), ("changed", "b")]] * 2
    assert [peer.pid for peer in listener.peers] == [os.getpid()] * 2


def test_a_callback_that_raises_ends_nothing(listener, make_link, caplog):
    """The error's class is logged, without its text."""
    raised = threading.Event()

    def on_notice(kind, payload):
        raised.set()
        raise LookupError("private")

    link = make_link(on_notice=on_notice)
    link.call("echo", (1,))
    listener.broadcast("changed", None)

    assert raised.wait(PATIENCE_SECONDS)
    assert link.call("echo", (1,)) == 1
    assert "a callback of the link raised LookupError" in caplog.text
    assert "private" not in caplog.text


def test_a_client_far_behind_is_dropped_and_delays_nobody(
    make_listener, address, make_link, caplog
):
    """It does not read; the others get every notice."""
    gone = threading.Event()
    listener = make_listener(on_closed=lambda peer: gone.set())
    notices = Notices()
    good = make_link(on_notice=notices.take)
    connection, _ = connecting.connect(address, KEY, 1.0)
    with connection:
        good.call("echo", (1,))
        (bad,) = {*listener.peers} - {_peer_of(listener, good)}
        for number in range(15_000):
            bad.notify("changed", number)
            if number % 1000 == 0:
                listener.broadcast("changed", number)

        assert gone.wait(PATIENCE_SECONDS)
        notices.wait(15)
    assert good.call("echo", (1,)) == 1
    assert "it does not read" in caplog.text


def _peer_of(listener, link):
    """Return the host's side of a link: the first that connected."""
    assert not link.is_closed
    return min(listener.peers, key=lambda peer: peer._connection.fileno())


def test_a_retired_host_answers_its_clients_and_takes_no_new_one(
    listener, address, make_link
):
    """They know that it drains; its socket's file is gone."""
    is_draining = threading.Event()
    link = make_link(on_draining=lambda link: is_draining.set())
    link.call("echo", (1,))

    listener.retire()

    assert is_draining.wait(PATIENCE_SECONDS)
    assert link.is_draining
    assert link.call("later", (2,)) == 2
    assert not address.exists()
    with pytest.raises(connecting.NoHost):
        connecting.connect(address, KEY, 1.0)


def test_a_forked_child_sends_nothing_to_its_parents_clients(listener):
    """A thread of the parent may have held a lock that sending takes."""

    class Connected:
        is_ready = True

        def abandon(self):
            pass

    listener.close()  # a child has none of its threads
    listener._peers = {Connected()}

    listener.abandon()

    assert listener.peers == ()


def test_a_blocked_host_removes_no_file_of_the_next_one(listener, link, address, verbs):
    """Its own is gone when ``retire`` returns; what is there later is not its own."""
    blocked = threading.Thread(target=link.call, args=("block",), kwargs=NO_END)
    blocked.start()
    assert verbs.is_asked.acquire(timeout=PATIENCE_SECONDS)

    listener.retire()
    assert not address.exists()
    address.touch()
    verbs.gate.set()
    blocked.join()
    listener.close()

    assert address.exists()


def test_an_answer_that_is_due_is_sent_before_the_end(listener, link, verbs):
    """Also a large one, whose verb ends in the instant in which the host does."""
    large = bytes(20 * 2**20)
    found = []
    waiting = threading.Thread(
        target=lambda: found.append(link.call("when_told", (large,), timeout=None))
    )
    waiting.start()
    for _ in range(2):  # called, and waiting
        assert verbs.is_asked.acquire(timeout=PATIENCE_SECONDS)

    verbs.tell()
    listener.close()
    waiting.join()

    assert found == [large]


def test_what_waits_for_more_ends_with_the_listener(listener, link, verbs):
    """It is cancelled, and its client learns that the connection is lost."""
    errors = []

    def call():
        try:
            link.call("wait", timeout=None)
        except ConnectionLost as error:
            errors.append(error)

    waiting = threading.Thread(target=call)
    waiting.start()
    assert verbs.is_asked.acquire(timeout=PATIENCE_SECONDS)

    listener.close()
    waiting.join()

    assert verbs.has_ended.is_set()
    assert len(errors) == 1


def test_who_has_gone_is_reported(make_listener, make_link):
    """Once, with its state; no peer is left."""
    gone = []
    has_gone = threading.Event()

    def on_closed(peer):
        gone.append((peer.pid, listener.peers))
        has_gone.set()

    listener = make_listener(on_closed=on_closed)
    link = make_link()
    link.call("echo", (1,))
    link.close()

    assert has_gone.wait(PATIENCE_SECONDS)
    assert gone == [(os.getpid(), ())]


def test_a_stopped_host_harms_nobody_and_loses_nothing(make_member):
    """Halted, its clients wait for their time; then everything goes on."""
    host, client = make_member(), make_member()
    assert host.ask("where") == "host"
    assert client.ask("call", "echo", 1) == 1

    host.stop()
    assert client.ask("call", "echo", 2, 0.2) == "Unreachable"
    newcomer = make_member()
    assert newcomer.ask("where", True, 0.2) == "Unreachable"
    host.go_on()

    assert client.ask("call", "echo", 3) == 3
    assert newcomer.ask("call", "echo", 4) == 4
    assert client.ask("call", "ran") == [1, 3, 4]


def test_a_client_that_was_killed_is_forgotten(make_member):
    """Its waiting calls end with it."""
    host, client = make_member(), make_member()
    host.ask("where")
    client.begin("call", "hang")
    host.ask("until_waiting")

    os.kill(client.pid, signal.SIGKILL)

    assert host.ask("until_idle")


def test_a_removed_socket_is_made_again(listener, link, make_link, address):
    """New clients find the host, and connected ones notice nothing."""
    address.unlink()

    listener._call(listener.renew)

    assert make_link().call("echo", (1,)) == 1
    assert link.call("echo", (2,)) == 2


def test_a_host_that_retires_leaves_the_socket_of_another(
    make_listener, make_link, address
):
    """Which listens at the same place meanwhile."""
    old = make_listener()
    assert not old.is_replaced
    make_listener()
    assert old.is_replaced

    old.retire()

    assert make_link().call("echo", (1,)) == 1


def test_a_host_that_has_retired_makes_no_socket_again(listener, address):
    """Its place is another's."""
    listener.retire()

    listener._call(listener.renew)

    assert not address.exists()
