"""Both ends of the wire, in one process or in several."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ephemeral_tasks.core.testing import PATIENCE_SECONDS
from ephemeral_tasks.machine import connecting, process
from ephemeral_tasks.machine.link import Link
from ephemeral_tasks.machine.listener import Listener
from tests.machine.process import Member
from tests.machine.wiring import Wired, machine_settings, wire

KEY = b"k" * 32


class Verbs:
    """What the host answers, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """The verbs that were run; appended to on the listener's thread."""
        self.is_asked = threading.Semaphore(0)
        """Released once for each verb that was run."""
        self.gate = threading.Event()
        """Until it is set, ``block`` blocks the listener's thread."""
        self.has_ended = threading.Event()
        """Set when ``wait`` was cancelled."""

    def dispatch(self, peer: Any, verb: str, payload: Any) -> Any:
        """Run a verb."""
        args, kwargs = payload
        self.asked.append(verb)
        self.is_asked.release()
        return getattr(self, verb)(*args, **kwargs)

    def echo(self, value: Any) -> Any:
        return value

    def fail(self, error: BaseException) -> None:
        raise error

    def make(self, function: Callable[[], Any]) -> Any:
        return function()

    def block(self) -> None:
        assert self.gate.wait(PATIENCE_SECONDS)

    async def wait(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.has_ended.set()

    async def when_told(self, value: Any) -> Any:
        self._told = asyncio.Event()
        self.tell = partial(
            asyncio.get_running_loop().call_soon_threadsafe, self._told.set
        )
        self.is_asked.release()
        await self._told.wait()
        for _ in range(10):  # as a verb that others wake in turn
            await asyncio.sleep(0)
        return value

    async def later(self, value: Any) -> Any:
        await asyncio.sleep(0)
        return value

    async def make_later(self, function: Callable[[], Any]) -> Any:
        await asyncio.sleep(0)
        return function()

    async def fail_later(self, error: Exception) -> None:
        raise error


@pytest.fixture
def address(tmp_path: Path) -> Path:
    """Where a listener of this test listens."""
    return tmp_path / "socket"


@pytest.fixture
def verbs() -> Iterator[Verbs]:
    """The verbs of this test's host; its gate is open at the end."""
    made = Verbs()
    yield made
    made.gate.set()


@pytest.fixture
def make_listener(address: Path, verbs: Verbs) -> Iterator[Callable[..., Listener]]:
    """Makes listeners that are closed at the end."""
    made: list[Listener] = []

    def make(**options: Any) -> Listener:
        listener = Listener(address, KEY, verbs.dispatch, **options)
        made.append(listener)
        listener.start()
        return listener

    yield make
    verbs.gate.set()
    for listener in made:
        listener.close()


@pytest.fixture
def listener(make_listener: Callable[..., Listener]) -> Listener:
    """A host's end that answers this test's verbs."""
    return make_listener()


@pytest.fixture
def make_link(address: Path) -> Iterator[Callable[..., Link]]:
    """Makes links that are closed at the end."""
    made: list[Link] = []

    def make(**options: Any) -> Link:
        made.append(Link(*connecting.connect(address, KEY, 1.0), **options))
        return made[-1]

    yield make
    for link in made:
        link.close()
        link.join(PATIENCE_SECONDS)


@pytest.fixture
def link(listener: Listener, make_link: Callable[..., Link]) -> Link:
    """A client's end, connected to this test's host."""
    return make_link()


@pytest.fixture
def make_member(tmp_path: Path) -> Iterator[Callable[..., Member]]:
    """Starts processes that share a folder, and ends them."""
    made: list[Member] = []

    def make(**options: Any) -> Member:
        made.append(Member(tmp_path / "pool", **options))
        return made[-1]

    yield make
    for member in made:
        member.end()


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wired]:
    """Every call of a verb crosses the wire."""
    with wire(monkeypatch) as wired:
        yield wired


@pytest.fixture
def hosting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """This process hosts the pool of its machine."""
    with machine_settings(monkeypatch, str(tmp_path / "pool")):
        yield
        process.reset()
