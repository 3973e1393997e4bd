"""Both ends prove that they know the site's key; nothing is unpickled before.

::

    host                              client
    HELLO protocol version pid nonce  →
                                      ←  HELLO protocol version pid nonce, its proof
    PROOF its proof                   →

A proof is an HMAC of the side's name and of both hellos, so that neither can be used
for the other side or for another connection.
"""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass

from . import site
from .wire import BrokenWire

PROTOCOL = 1
"""Raised whenever the frames or what they hold change."""
SECONDS = 1.0
"""How long a handshake may take."""

_NONCE_BYTES = 32
_PROOF_BYTES = 32


@dataclass(frozen=True, slots=True)
class Hello:
    """One side's first words."""

    protocol: int
    version: str
    """Of the package."""
    pid: int
    nonce: bytes

    def pack(self) -> bytes:
        """Return its bytes: a line of text and the nonce."""
        return f"{self.protocol} {self.version} {self.pid}\n".encode() + self.nonce


def make_hello() -> bytes:
    """Return the bytes of this process's hello, with a new nonce."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return Hello(PROTOCOL, site.version(), os.getpid(), nonce).pack()


def read_hello(raw: bytes) -> Hello:
    """Return the other side's hello.

    Raises:
        BrokenWire: It is none, or of another version.
    """
    line, _, nonce = raw.partition(b"\n")
    try:
        protocol, version, pid = line.decode("ascii").split(" ")
        hello = Hello(int(protocol), version, int(pid), nonce)
    except ValueError:
        raise BrokenWire("no hello of this package") from None
    own = (PROTOCOL, site.version())
    if (hello.protocol, hello.version) != own:
        raise BrokenWire(
            f"version {hello.version!r} with protocol {hello.protocol}, "
            f"here {own[1]!r} with {own[0]}"
        )
    if len(nonce) != _NONCE_BYTES:
        raise BrokenWire("no hello of this package")
    return hello


def prove(key: bytes, side: bytes, host: bytes, client: bytes) -> bytes:
    """Return a side's proof.

    Args:
        key: The site's.
        side: ``b"host"`` or ``b"client"``.
        host, client: The hellos of both sides.
    """
    return hmac.digest(key, b"%s %d %s%s" % (side, len(host), host, client), "sha256")


def check(key: bytes, side: bytes, host: bytes, client: bytes, proof: bytes) -> None:
    """Check the other side's proof.

    Raises:
        BrokenWire: It knows another key.
    """
    if not hmac.compare_digest(prove(key, side, host, client), proof):
        raise BrokenWire("another key")


def split(raw: bytes) -> tuple[bytes, bytes]:
    """Return the client's hello and its proof, which are one frame."""
    return raw[:-_PROOF_BYTES], raw[-_PROOF_BYTES:]
