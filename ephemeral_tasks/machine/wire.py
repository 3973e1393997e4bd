"""Frames: how bytes are cut into messages. Knows neither pickles nor calls."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from ..conf import get_config

_HEAD = struct.Struct("!IBQ")  # how many bytes follow the first four, kind, number
_LENGTH_BYTES = 4
_FIXED_BYTES = _HEAD.size - _LENGTH_BYTES
_MARGIN = 2**20
_MAX_BYTES = 2**32 - 1  # what the length can express

HANDSHAKE_BYTES = 512
"""The longest frame before the handshake has succeeded."""


class Kind(IntEnum):
    """What a frame is."""

    HELLO = 1
    """The first of each side: versions and a number used once."""
    PROOF = 2
    """The host's proof that it knows the key."""
    CALL = 3
    """From a client; its number is the call's."""
    ANSWER = 4
    """The value of the call with this number."""
    ERROR = 5
    """The error of the call with this number."""
    EXPIRED = 6
    """The call with this number was not started, or was cancelled."""
    CANCEL = 7
    """From a client that no longer waits for the call with this number."""
    NOTICE = 8
    """From the host, without a call."""
    DRAINING = 9
    """From the host: it answers, but another process may host from now on."""


class Frame(NamedTuple):
    """One message, as it came."""

    kind: int
    number: int
    """The call's; 0 where there is none."""
    payload: bytes | bytearray


class BrokenWire(Exception):
    """The other side sent what is no frame, or is not allowed here; says what."""


def frame_limit() -> int:
    """Return how many bytes a frame may have: its values, and what goes with them."""
    return values_limit() + _MARGIN


def values_limit() -> int:
    """Return how many bytes a call's arguments, or a result, may have.

    Four times what a result and an input may have, for a character of a text may take
    four bytes.
    """
    config = get_config()
    wanted = 4 * (config.max_result_bytes + config.max_input_bytes)
    return min(wanted, _MAX_BYTES - _MARGIN)


def pack(kind: Kind, number: int = 0, payload: bytes = b"") -> bytes:
    """Return a frame's bytes."""
    return _HEAD.pack(_FIXED_BYTES + len(payload), kind, number) + payload


class FrameReader:
    """Cuts what arrives into frames, and holds the beginning of the next one."""

    __slots__ = ("_held", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        """How many bytes a payload may have, from now on."""
        self._held = bytearray()

    @property
    def is_between_frames(self) -> bool:
        """Whether nothing of a next frame has arrived."""
        return not self._held

    def clear(self) -> None:
        """Drop what is held."""
        self._held = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that are complete now, in order.

        Raises:
            BrokenWire: A length is above the limit, before anything was kept for it.
        """
        self.hold(data)
        found = []
        while (frame := self.take()) is not None:
            found.append(frame)
        return found

    def hold(self, data: bytes) -> None:
        """Add what arrived to what is held."""
        self._held += data

    def take(self) -> Frame | None:
        """Take the next complete frame out of what is held.

        Raises:
            BrokenWire: A length is above the limit.
        """
        if len(self._held) < _HEAD.size:
            return None
        length, kind, number = _HEAD.unpack_from(self._held)
        if not _FIXED_BYTES <= length <= _FIXED_BYTES + self.limit:
            raise BrokenWire(f"a frame of {length} bytes, allowed {self.limit}")
        end = _LENGTH_BYTES + length
        if len(self._held) < end:
            return None
        payload = self._held[_HEAD.size : end]
        if len(self._held) == end:
            self._held = bytearray()  # del would keep the memory
        else:
            del self._held[:end]
        return Frame(kind, number, payload)
