"""A plugin: every call of a verb crosses the wire, from this process to itself.

``pytest -p tests.wired`` shows that whoever calls a verb does not know where the pool
is: the holds of the tests, their clocks and their bodies are those of the host.
"""

import io
import pickle
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from types import FunctionType, SimpleNamespace

import pytest

from ephemeral_tasks.conf import Config, get_config
from ephemeral_tasks.core.testing import Hold
from ephemeral_tasks.machine import (
    connecting,
    host,
    messages,
    notices,
    pickles,
    process,
)
from ephemeral_tasks.machine.link import Link
from ephemeral_tasks.machine.listener import Listener

KEY = b"k" * 32

_kept = {}


def _look_up(key):
    return _kept[key]


class _Pickler(pickle.Pickler):
    """Passes what cannot be pickled, and functions, by reference: both ends are one."""

    def reducer_override(self, value):
        is_local = isinstance(value, FunctionType) and "<" in value.__qualname__
        if is_local or isinstance(value, Hold | threading.Event):
            _kept[id(value)] = value
            return _look_up, (id(value),)
        return NotImplemented


def _dumps(value, protocol=None):
    file = io.BytesIO()
    _Pickler(file, protocol).dump(value)
    return file.getvalue()


class Wired:
    """Stands in for the membership: the host is this process, behind a link."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        address = Path(self._folder.name) / "socket"
        self.listener = Listener(address, KEY, host.dispatch)
        self._stop = host.announce_to(self.listener)
        self.listener.start()
        connection, reader = connecting.connect(address, KEY, 5.0)
        self.link = Link(
            connection, reader, on_notice=notices.pass_on, on_late=process._on_late
        )

    def where(self, *, create=True):
        """The link, but for the host's own calls."""
        return None if host.caller() is not None else self.link

    def close(self):
        """Nothing is left of it."""
        self._stop()
        self.link.close()
        self.listener.close()
        self._folder.cleanup()


@pytest.fixture(autouse=True)
def _wired(monkeypatch):
    with ExitStack() as stack:
        wired = Wired()
        stack.callback(wired.close)

        async def afind(*, create):
            return wired.where()

        monkeypatch.setitem(Config.__init__.__kwdefaults__, "pool", "machine")
        get_config.cache_clear()
        stack.callback(get_config.cache_clear)
        shim = SimpleNamespace(**{**vars(pickle), "dumps": _dumps})
        for module in (messages, pickles):
            monkeypatch.setattr(module, "pickle", shim)
        monkeypatch.setattr(process, "find", wired.where)
        monkeypatch.setattr(process, "afind", afind)
        monkeypatch.setattr(process, "peers", lambda: wired.listener.peers)
        yield wired
