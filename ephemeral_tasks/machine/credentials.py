"""Which user is at the other end of a Unix socket, as the kernel says."""

from __future__ import annotations

import os
import socket
import struct
import sys

_FIT = ("linux", "darwin")
"""Whose kernels say it in a way that is known here."""
_UCRED = struct.Struct("3i")  # Linux, unix(7): pid, uid, gid
_XUCRED = struct.Struct("2I")  # macOS, sys/ucred.h: version, uid, and more
_XUCRED_BYTES = 76
_SOL_LOCAL = 0
_LOCAL_PEERCRED = 1


def find_problem() -> str | None:
    """Return why processes cannot meet on this system, or None."""
    if sys.platform in _FIT:
        return None
    return f"POOL = 'machine' needs Linux or macOS, and this system is {sys.platform!r}"


def is_same_user(connection: socket.socket) -> bool:
    """Return whether the process at the other end runs as this one's user."""
    return peer_uid(connection) == os.geteuid()


def peer_uid(connection: socket.socket) -> int:
    """Return the effective user id with which the other end connected or listens."""
    if sys.platform == "darwin":
        raw = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
        return int(_XUCRED.unpack_from(raw)[1])
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return int(_UCRED.unpack(raw)[1])
