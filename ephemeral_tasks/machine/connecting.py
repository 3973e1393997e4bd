"""The client's way to the host: connects and shakes hands, blocking."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from . import handshake
from .credentials import is_same_user
from .wire import (
    HANDSHAKE_BYTES,
    BrokenWire,
    Frame,
    FrameReader,
    Kind,
    frame_limit,
    pack,
)

_CHUNK = 4096


class NoHost(Exception):
    """No process listens there."""


class Silent(Exception):
    """A process listens, and did not answer in time."""


def connect(
    address: Path, key: bytes, timeout: float
) -> tuple[socket.socket, FrameReader]:
    """Return a connection to the host after a mutual handshake, non-blocking.

    With its reader, which may hold what the host sent behind its proof.

    Raises:
        NoHost: No process listens at the address.
        Silent: The handshake took more than ``timeout`` seconds, or was broken off.
        BrokenWire: The host is not of this site, version or user.
    """
    until = time.monotonic() + timeout
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        _open(connection, address)
        reader = _shake_hands(connection, key, until)
        connection.setblocking(False)
    except BaseException:  # interrupted, too: no other reference closes it
        connection.close()
        raise
    return connection, reader


def has_host(address: Path, key: bytes) -> bool:
    """Return whether a process listens there, of any kind and in any state."""
    try:
        connection, _ = connect(address, key, handshake.SECONDS)
    except NoHost:
        return False
    except (Silent, BrokenWire):
        return True
    connection.close()
    return True


def _open(connection: socket.socket, address: Path) -> None:
    try:
        connection.connect(str(address))
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NoHost from error
    except OSError as error:  # the queue of a stopped host is full
        raise Silent from error
    if not is_same_user(connection):
        raise BrokenWire("the host runs as another user")


def _shake_hands(connection: socket.socket, key: bytes, until: float) -> FrameReader:
    reader = FrameReader(HANDSHAKE_BYTES)
    host = _receive(connection, reader, Kind.HELLO, until)
    handshake.read_hello(host)
    client = handshake.make_hello()
    proof = handshake.prove(key, b"client", host, client)
    try:
        connection.sendall(pack(Kind.HELLO, payload=client + proof))
    except OSError as error:
        raise Silent from error
    answer = _receive(connection, reader, Kind.PROOF, until)
    handshake.check(key, b"host", host, client, answer)
    reader.limit = frame_limit()
    return reader


def _receive(
    connection: socket.socket, reader: FrameReader, kind: Kind, until: float
) -> bytes:
    while (frame := reader.take()) is None:
        _fill(connection, reader, until)
    return _payload_of(frame, kind)


def _fill(connection: socket.socket, reader: FrameReader, until: float) -> None:
    connection.settimeout(max(until - time.monotonic(), 0.001))
    try:
        data = connection.recv(_CHUNK)
    except OSError as error:
        raise Silent from error
    if not data:
        raise Silent
    reader.hold(data)


def _payload_of(frame: Frame, kind: Kind) -> bytes:
    if frame.kind != kind:
        raise BrokenWire(f"a frame of kind {frame.kind} in the handshake")
    return bytes(frame.payload)
