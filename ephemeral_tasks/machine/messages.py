"""Calls, answers and errors as the payloads of frames.

Only what came over a wire whose handshake has succeeded is unpickled here.
"""

from __future__ import annotations

import pickle
import struct
from typing import Any

from .wire import BrokenWire

_LIMIT = struct.Struct("!dB")  # until when the call may be started, bytes of the verb

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class Unpicklable(TypeError):
    """A value that cannot cross to another process; says which, not what it holds."""


def pack_call(verb: str, arguments: Arguments, limit: float) -> bytes:
    """Return a call's payload.

    Args:
        verb: At most 255 ASCII characters.
        arguments: Positional ones and those by name.
        limit: Until when it may be started, by the machine's monotonic clock.

    Raises:
        Unpicklable: An argument cannot be pickled.
    """
    raw = verb.encode("ascii")
    values = _pickle(arguments, f"the arguments of {verb!r}")
    return _LIMIT.pack(limit, len(raw)) + raw + values


def read_call(payload: bytes | bytearray) -> tuple[str, float, memoryview]:
    """Return a call's verb, its limit and its arguments, still pickled.

    Raises:
        BrokenWire: It is no call.
    """
    try:
        limit, length = _LIMIT.unpack_from(payload)
        end = _LIMIT.size + length
        verb = bytes(payload[_LIMIT.size : end]).decode("ascii")
    except (struct.error, UnicodeDecodeError):
        raise BrokenWire("no call") from None
    return verb, limit, memoryview(payload)[end:]


def pack_answer(verb: str, value: object) -> bytes:
    """Return an answer's payload.

    Raises:
        Unpicklable: The value cannot be pickled.
    """
    return _pickle(value, f"the answer to {verb!r}")


def pack_error(verb: str, error: BaseException, limit: int) -> bytes:
    """Return an error's payload; of one that cannot cross only the class's name.

    One of more than ``limit`` bytes cannot. Traceback, cause and context do not cross:
    they would carry frames and content.
    """
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    try:
        if not isinstance(error, Exception):  # SystemExit would end its reader
            raise Unpicklable
        raw = _pickle(error, "")
        if len(raw) <= limit and type(unpack(raw, "")) is type(error):
            return raw
    except Unpicklable:
        pass
    sentence = f"{verb!r} raised {name}, which cannot cross to another process"
    return pickle.dumps(RuntimeError(sentence), protocol=pickle.HIGHEST_PROTOCOL)


def pack_notice(kind: str, payload: object) -> bytes:
    """Return a notice's payload.

    Raises:
        Unpicklable: It cannot be pickled.
    """
    return _pickle((kind, payload), f"the notice {kind!r}")


def unpack(raw: bytes | bytearray | memoryview, what: str) -> Any:
    """Return the value of a pickle.

    Raises:
        Unpicklable: It cannot be unpickled; the message begins with ``what``.
    """
    try:
        return pickle.loads(raw)  # noqa: S301  # of this site's own processes
    except Exception as error:  # whatever the classes of the site raise
        raise Unpicklable(_sentence(what, "unpickled", error)) from None


def _pickle(value: object, what: str) -> bytes:
    try:
        return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # whatever the classes of the site raise
        raise Unpicklable(_sentence(what, "pickled", error)) from None


def _sentence(what: str, verb: str, error: Exception) -> str:
    """Return a sentence without the error's own text, which may be content."""
    return f"{what} cannot be {verb}: {type(error).__name__}"
