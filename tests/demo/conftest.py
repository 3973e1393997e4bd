"""The demo as the site, engines that close with their test, programs that misbehave."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo_site import settings as demo_settings
from demo_site.translation.apertium import ApertiumEngine
from demo_site.translation.apertium.modes import MODES, Mode, find_modes
from demo_site.translation.apertium.pipe import Pipe
from demo_site.translation.conf import Options
from demo_site.translation.together import work
from demo_site.translation.together.service import Service
from tests.needs import needs_apertium_pair

STAGE = (sys.executable, "-S", "-E", str(Path(__file__).with_name("stage.py")))

SITE = (
    "LANGUAGES",
    "LOCALE_PATHS",
    "MIDDLEWARE",
    "ROOT_URLCONF",
    "STATIC_URL",
    "TEMPLATES",
)
"""The settings that make these tests' site the demo's."""

MakeEngine = Callable[..., ApertiumEngine]
"""Takes what ApertiumEngine takes."""


@pytest.fixture
def as_demo(settings: Any, db: None) -> None:
    """Make the site the demo's."""
    for name in SITE:
        setattr(settings, name, getattr(demo_settings, name))
    # Not daphne, which would give this process a reactor.
    settings.INSTALLED_APPS = [
        app for app in demo_settings.INSTALLED_APPS if app != "daphne"
    ]


@pytest.fixture
def use_engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Service]]:
    """Return what makes engines those of the process, with options for their service.

    Without probes of its own: each test asks the engines when it needs to.
    """
    options = {"probe_seconds": 3600.0, "timeout_seconds": 10.0}

    def use(*engines: Any, **changes: float) -> Service:
        read = Options(specs=(), **({"patience_seconds": 60.0} | options | changes))
        monkeypatch.setattr(work, "read_options", lambda: read)
        monkeypatch.setattr(work, "make_engines", lambda options: engines)
        work.get_engine.cache_clear()
        return work.get_engine()

    yield use
    work.get_engine.cache_clear()


@pytest.fixture
def gated_engine(settings: Any) -> Iterator[None]:
    """Make the browser tests' engine, which upper-cases, that of this process."""
    settings.TRANSLATION_ENGINES = "tests.browser.engine.GatedEngine"
    settings.TRANSLATION_PATIENCE_SECONDS = 0.1
    work.get_engine.cache_clear()
    yield
    work.get_engine.cache_clear()


@pytest.fixture
async def make_engine() -> AsyncIterator[MakeEngine]:
    """Build engines, and end their programs after the test."""
    made: list[ApertiumEngine] = []

    def make(*args: object, **options: object) -> ApertiumEngine:
        made.append(ApertiumEngine(*args, **options))
        return made[-1]

    yield make
    for engine in made:
        await engine.aclose()


@pytest.fixture
def apertium(make_engine: MakeEngine) -> ApertiumEngine:
    """Return an engine with the real programs and pairs."""
    needs_pairs()
    return make_engine()


class Door:
    """Receives a message for each request at which a program stops."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    async def entered(self) -> str:
        """Return the next request at which a program stops."""
        loop = asyncio.get_running_loop()
        return (await loop.sock_recv(self._socket, 65536)).decode()

    def close(self) -> None:
        """Receive no more messages."""
        self._socket.close()


@pytest.fixture
def door() -> Iterator[Door]:
    """Return a door; its path is short enough for a socket."""
    with tempfile.TemporaryDirectory() as folder:
        made = Door(Path(folder) / "door")
        yield made
        made.close()


def needs_pairs() -> None:
    """Skip the test if Apertium's pairs are not installed."""
    needs_apertium_pair("apertium-eng-spa", "eng-spa")
    needs_apertium_pair("apertium-eng-cat", "eng-cat")
    needs_apertium_pair("apertium-fr-es", "es-fr")
    needs_apertium_pair("apertium-es-pt", "es-pt")
    needs_apertium_pair("apertium-spa-ita", "spa-ita")


def shouting(
    source: str = "en", target: str = "es", *, stages: int = 1, door: Door | None = None
) -> Mode:
    """Return a mode whose programs translate into capitals."""
    stage = (*STAGE, str(door.path)) if door else STAGE
    return Mode(
        name=f"{source}-{target}",
        source=source,
        target=target,
        stages=(stage,) * stages,
    )


def with_door(name: str) -> Mode:
    """Return a real mode with a program that stops at the word ``stophere``."""
    needs_pairs()
    (mode,) = (mode for mode in find_modes(MODES) if mode.name == name)
    stages = (*mode.stages[:2], (*STAGE, "pass"), *mode.stages[2:])
    return Mode(name=name, source=mode.source, target=mode.target, stages=stages)


def pipe_of(engine: ApertiumEngine, name: str = "en-es") -> Pipe:
    """Return the open pipe of a mode."""
    return engine.pipes().kept()[name]


async def stopped(pid: int) -> None:
    """Wait until a program has stopped itself."""
    await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)


def is_gone(pid: int) -> bool:
    """Return whether a process has ended and was waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
