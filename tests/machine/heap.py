"""Looks for content in all of a process that is host and client; says what it found."""

import asyncio
import socket
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from ephemeral_tasks.errors import TaskFailed, Unreachable
from ephemeral_tasks.machine import connecting
from ephemeral_tasks.machine.calls import ConnectionLost
from ephemeral_tasks.machine.link import Link
from ephemeral_tasks.machine.listener import Listener
from ephemeral_tasks.machine.wire import Kind, pack
from tests.app.heap import find, marker

KEY = b"k" * 32
IS_BLOCKED = threading.Event()
GATE = threading.Event()


class Content:
    """Content that cannot cross."""

    def __init__(self):
        self.text = marker()

    def __reduce__(self):
        raise ValueError(self.text)


def dispatch(peer, verb, payload):
    """Answer in each way."""
    (value, *_), _ = payload
    if verb == "fail":
        raise TaskFailed(value)
    if verb == "later":
        return later(value)
    if verb == "fail_later":
        return fail_later(value)
    if verb == "wait":
        return wait(value)
    if verb == "odd":
        return Content()
    if verb == "block":
        IS_BLOCKED.set()
        GATE.wait()
    return value


async def later(value):
    """Answer after a turn."""
    await asyncio.sleep(0)
    return value


async def fail_later(value):
    """Fail after a turn, with a cause and a context."""
    try:
        raise ValueError(value)
    except ValueError as error:
        raise TaskFailed(value) from error


async def wait(value):
    """Wait until the client has gone."""
    await asyncio.Event().wait()
    return value


def work(address):
    """Send content in each way that ends."""
    listener = Listener(address, KEY, dispatch)
    listener.start()
    link = Link(*connecting.connect(address, KEY, 5.0), on_notice=str)
    for verb in ("echo", "fail", "later", "fail_later", "odd"):
        _call(link, verb, marker())
    _call(link, "echo", Content())
    _call(link, "wait", marker(), 0.05)
    asyncio.run(_give_up(link))
    listener.broadcast("notice", marker())
    _stall(link)
    _break_off(address)
    _call(link, "echo", "")
    return listener, link


def _call(link, verb, value, timeout=10.0):
    with suppress(TaskFailed, TypeError, Unreachable, ConnectionLost):
        link.call(verb, (value,), timeout=timeout)


async def _give_up(link):
    waiting = asyncio.ensure_future(link.acall("wait", (marker(),)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await link.acall("later", (marker(),))


def _stall(link):
    """Call a host that does not read, with more than the socket takes."""
    blocking = threading.Thread(target=_call, args=(link, "block", marker()))
    blocking.start()
    IS_BLOCKED.wait()
    for _ in range(3):
        _call(link, "echo", marker() + "x" * 2**20, 0.05)
    GATE.set()
    blocking.join()


def _break_off(address):
    """End a connection within a message."""
    connection, _ = connecting.connect(address, KEY, 5.0)
    with connection:
        frame = pack(Kind.CALL, 1, marker().encode() * 2)
        connection.sendall(frame[:-1])
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(10.0)
        while connection.recv(4096):
            pass


def main() -> int:
    """Work and look, while both ends are open."""
    with tempfile.TemporaryDirectory() as folder:
        ends = work(Path(folder) / "socket")
        found = find()
        for end in ends:
            end.close()
    sys.stdout.write("\n".join(found or ["nothing"]) + "\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
