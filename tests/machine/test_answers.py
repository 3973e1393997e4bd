"""Answers that are larger, together, than what a host keeps for a client."""

import asyncio
import threading

import pytest

from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.machine import connecting, messages
from ephemeral_tasks.machine.wire import Kind, frame_limit, pack
from tests.machine.conftest import KEY

COUNT = 20
SIZE = 2**20
"""Of one answer."""


@pytest.fixture(autouse=True)
def _small(settings):
    """The host keeps little more than one answer."""
    settings.EPHEMERAL_TASKS = {"MAX_RESULT_BYTES": 1, "MAX_INPUT_BYTES": 1}
    assert SIZE < frame_limit() < 2 * SIZE


def make_text():
    """Return one answer."""
    return "x" * (SIZE - 100)


async def test_large_answers_at_once_all_arrive(link, verbs):
    """The host makes the next one when the client has read what is kept."""
    blocking = asyncio.ensure_future(link.acall("block"))
    await asyncio.to_thread(verbs.is_asked.acquire, timeout=PATIENCE_SECONDS)
    calls = [
        asyncio.ensure_future(link.acall("make", (make_text,), timeout=None))
        for _ in range(COUNT)
    ]
    await asyncio.sleep(0)  # they are sent, and the host reads all of them at once

    verbs.gate.set()
    answers = await asyncio.gather(blocking, *calls)

    assert answers[1:] == [make_text()] * COUNT


@pytest.mark.parametrize("verb", ["make", "make_later"])
def test_a_client_that_does_not_read_gets_its_answers_later(
    listener, address, make_link, verbs, verb
):
    """The host keeps few of them meanwhile, and answers others."""
    good = make_link()
    connection, reader = connecting.connect(address, KEY, 1.0)
    with connection:
        ask_for_all(connection, verb, good)
        kept = max(peer._outbox.kept_bytes for peer in listener.peers)

        assert SIZE < kept < 3 * SIZE
        assert read_numbers(connection, reader) == {*range(1, COUNT + 1)}
    assert verbs.asked.count(verb) == COUNT


def test_a_client_that_ends_before_it_reads_is_forgotten(
    make_listener, address, make_link
):
    """The host sees its end though it reads nothing of it."""
    gone = threading.Event()
    make_listener(on_closed=lambda peer: gone.set())
    good = make_link()
    connection, _ = connecting.connect(address, KEY, 1.0)
    with connection:
        ask_for_all(connection, "make", good)

    assert gone.wait(PATIENCE_SECONDS)
    assert good.call("echo", (1,)) == 1


def ask_for_all(connection, verb, good):
    """Make so many calls, and return once the host has done what it does for them."""
    for number in range(1, COUNT + 1):
        call = messages.pack_call(verb, ((make_text,), {}), float("inf"))
        connection.sendall(pack(Kind.CALL, number, call))
    for _ in range(COUNT):  # the host turns so often
        assert good.call("echo", (1,)) == 1


def read_numbers(connection, reader):
    """Return the numbers of the answers that come."""
    connection.settimeout(PATIENCE_SECONDS)
    found = set()
    while len(found) < COUNT:
        frames = reader.feed(connection.recv(2**18))
        found |= {frame.number for frame in frames if frame.kind == Kind.ANSWER}
    return found


def test_an_error_above_the_limit_is_an_error_of_its_own(link):
    """It names the class, and the connection goes on."""
    with pytest.raises(RuntimeError, match=r"'make' raised .*ValueError, which"):
        link.call("make", (raise_large,))

    assert link.call("echo", (1,)) == 1


def raise_large():
    """Raise an error with a message of many bytes."""
    raise ValueError("x" * 2 * SIZE)
