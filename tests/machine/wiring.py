"""Every call of a verb crosses the wire, from this process to itself."""

import io
import pickle
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FunctionType, SimpleNamespace

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
from ephemeral_tasks.machine.table import FUNCTIONS

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
        self.notices = []
        """What the host sent unasked; appended to on the link's thread."""
        self.link = Link(
            connection, reader, on_notice=self._note, on_late=process._on_late
        )

    def where(self, *, create=True, timeout=2.0):
        """The link; nothing for the host's own calls and once the link is lost."""
        is_here = host.caller() is not None or self.link.is_closed
        return None if is_here else self.link

    def _note(self, kind, payload):
        self.notices.append((kind, payload))
        notices.pass_on(kind, payload)

    @contextmanager
    def stalled(self):
        """The host answers nothing within the block."""
        gate = threading.Event()
        self.listener._loop.call_soon_threadsafe(gate.wait)
        try:
            yield
        finally:
            gate.set()

    def note_timeouts(self, monkeypatch):
        """Return a list that gets the seconds which each call may wait."""
        given, call = [], self.link.call

        def note_timeout(*args, timeout, **options):
            given.append(timeout)
            return call(*args, timeout=timeout, **options)

        monkeypatch.setattr(self.link, "call", note_timeout)
        return given

    def lose(self):
        """The connection breaks."""
        is_closed = threading.Event()
        self.link._on_closed = lambda link: is_closed.set()
        self.link.close()
        assert is_closed.wait(10)

    def lose_during(self, verb, monkeypatch):
        """The connection breaks while the host runs a verb for a client."""

        def break_off(*args):
            if (client := host.caller()) is not None:
                client.close()
            return verb.function(*args)

        monkeypatch.setitem(FUNCTIONS, verb.name, break_off)

    def report_late(self, verb, answer):
        """An answer comes whose caller waits no more."""
        before = {*threading.enumerate()}
        process._on_late(verb.name, answer)
        for thread in {*threading.enumerate()} - before:
            thread.join()

    def close(self):
        """Nothing is left of it."""
        self._stop()
        self.link.close()
        self.listener.close()
        self._folder.cleanup()


@contextmanager
def wire(monkeypatch):
    """Send every call of a verb over the wire within the block."""
    with ExitStack() as stack:
        wired = Wired()
        stack.callback(wired.close)

        async def afind(*, create, timeout):
            return wired.where()

        stack.enter_context(machine_settings(monkeypatch))
        shim = SimpleNamespace(**{**vars(pickle), "dumps": _dumps})
        for module in (messages, pickles):
            monkeypatch.setattr(module, "pickle", shim)
        monkeypatch.setattr(process, "find", wired.where)
        monkeypatch.setattr(process, "afind", afind)
        monkeypatch.setattr(process, "peers", lambda: wired.listener.peers)
        yield wired


@contextmanager
def machine_settings(monkeypatch, folder=None):
    """Make ``POOL = "machine"`` the default, whatever else a test sets."""
    defaults = Config.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "pool", "machine")
    monkeypatch.setitem(defaults, "pool_dir", folder)
    get_config.cache_clear()
    try:
        yield
    finally:
        monkeypatch.undo()
        get_config.cache_clear()
