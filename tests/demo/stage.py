"""A program of a pipe, as Apertium's are, that misbehaves on demand.

Reads requests that end with a NUL and answers each with its words in capitals; with
the argument ``pass`` it hands everything on as it came. A word in a request may say
what else it does. Before it stops at ``stophere`` it tells the request to the socket
that another argument names.
"""

import os
import re
import signal
import socket
import sys
from contextlib import suppress

PARTS = re.compile(rb"\[[^\]]*\]|[^\[]+")


def shouted(request: bytes) -> bytes:
    """The request with its words in capitals, its blanks as they are."""
    if "pass" in sys.argv[1:]:
        return request
    return PARTS.sub(lambda m: m[0] if m[0][:1] == b"[" else m[0].upper(), request)


def stop(request: bytes) -> None:
    """Send the request to the test, then wait to be killed or continued."""
    for path in sys.argv[1:]:
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door,
        ):
            door.sendto(request, path)
    os.kill(os.getpid(), signal.SIGSTOP)


FIRST = {
    b"stophere": stop,
    b"diehere": lambda request: os._exit(1),
    b"complain": lambda request: os.write(2, request * 20_000),
}
INSTEAD = {
    b"previous": lambda own, before: before,
    b"twice": lambda own, before: own * 2,
    b"foreign": lambda own, before: own.replace(b"FOREIGN", b"[of another]"),
    b"unended": lambda own, before: own + b"more",
    b"flood": lambda own, before: own.replace(b"FLOOD", b"FLOOD" * 1_000_000),
    b"environment": lambda own, before: own.replace(
        b"ENVIRONMENT", " ".join(os.environ).encode()
    ),
}


def served(request: bytes, before: bytes) -> bytes:
    """What goes out for a request; ``before`` went out for the one before."""
    for word, act in FIRST.items():
        if word in request:
            act(request)
    own = shouted(request) + b"\0"
    for word, answer in INSTEAD.items():
        if word in request:
            return answer(own, before)
    return own


def main() -> None:
    """Serve until the input ends."""
    rest, before = b"", b""
    while data := os.read(0, 65536):
        *requests, rest = (rest + data).split(b"\0")
        for request in requests:
            before = served(request, before)
            view = memoryview(before)
            while view:
                view = view[os.write(1, view) :]


main()
