"""A real server in a process of its own, and those who connect to it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from benchmarks.measure import Cost, free_port

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_PATIENCE_SECONDS = 60.0
_APPLICATION = "benchmarks.site.asgi:application"
COMMANDS = {
    "uvicorn": ["uvicorn", "--log-level", "warning", "--port"],
    "daphne": ["daphne", "-v", "0", "-b", "127.0.0.1", "-p"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A browser with a session that names its owner."""

    owner: str
    cookie: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The site under one server."""

    server: str
    sessions: str
    port: int

    def get(self, path: str) -> Any:
        """Return what a JSON view answers; nothing for an empty answer."""
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as response:
            body = response.read()
        return json.loads(body) if body else None

    def visitor(self) -> Visitor:
        """Return a new one."""
        engine = import_module(f"django.contrib.sessions.backends.{self.sessions}")
        session, owner = engine.SessionStore(), uuid4().hex
        session["_ephemeral_tasks_owner"] = owner
        session.save()
        return Visitor(owner=owner, cookie=f"sessionid={session.session_key}")

    async def requests(
        self, path: str, visitor: Visitor, *, seconds: float, connections: int = 8
    ) -> Cost:
        """Ask for a path as htmx does, for so long; return what one answer costs.

        The processor time is the server's.
        """
        cpu = self.get("/usage/")["cpu"]
        begin = time.perf_counter()
        counts = await asyncio.gather(
            *(self._ask(path, visitor, begin + seconds) for _ in range(connections))
        )
        wall, count = time.perf_counter() - begin, sum(counts)
        return Cost(wall=wall, cpu=self.get("/usage/")["cpu"] - cpu) / count

    async def _ask(self, path: str, visitor: Visitor, until: float) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Cookie: {visitor.cookie}\r\nHX-Request: true\r\nAccept: */*\r\n\r\n"
        ).encode()
        count = 0
        try:
            while time.perf_counter() < until:
                writer.write(request)
                await _answer(reader)
                count += 1
        finally:
            writer.close()
        return count

    async def fragment(self, path: str, visitor: Visitor) -> bytes:
        """Return one answer's body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Cookie: {visitor.cookie}\r\nHX-Request: true\r\n\r\n".encode()
        )
        try:
            return await _answer(reader)
        finally:
            writer.close()

    @asynccontextmanager
    async def sockets(
        self, path: str, visitors: list[Visitor], *, compression: str | None = None
    ) -> AsyncIterator[list[ClientConnection]]:
        """Open a socket for each visitor, fifty at a time."""
        from websockets.asyncio.client import connect

        async with AsyncExitStack() as stack:
            gate = asyncio.Semaphore(50)

            async def opened(visitor: Visitor) -> ClientConnection:
                async with gate:
                    return await stack.enter_async_context(
                        connect(
                            f"ws://127.0.0.1:{self.port}{path}",
                            origin=f"http://127.0.0.1:{self.port}",  # type: ignore[arg-type]
                            additional_headers={"Cookie": visitor.cookie},
                            compression=compression,
                            ping_interval=None,
                            close_timeout=0.5,
                            open_timeout=_PATIENCE_SECONDS,
                            proxy=None,
                        )
                    )

            yield list(await asyncio.gather(*map(opened, visitors)))


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = head.split(b" ", 2)[1]
    if status == b"204":
        return b""
    if status not in {b"200", b"286"}:
        raise RuntimeError(f"the server answered {status.decode()}")
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    return await reader.readexactly(length)


@contextmanager
def serve(
    server: str, sessions: str = "db", words: Sequence[str] = (), **switches: str
) -> Iterator[Served]:
    """Serve the site until the block ends, with a database of its own.

    Args:
        server: A key of ``COMMANDS``.
        sessions: Django's engine of sessions.
        words: More of the server's options.
        switches: Of the site's settings, by the names of environment variables.
    """
    from django.db import connection

    database = str(connection.settings_dict["NAME"])
    port = free_port()
    environment = {
        **os.environ,
        "BENCHMARK_DATABASE": database,
        "BENCHMARK_SESSIONS": sessions,
        "DJANGO_SETTINGS_MODULE": "benchmarks.site.settings",
        **switches,
    }
    command = [*COMMANDS[server], str(port), *words, _APPLICATION]
    process = subprocess.Popen([sys.executable, "-m", *command], env=environment)
    try:
        served = Served(server=server, sessions=sessions, port=port)
        _wait_for(served, process)
        yield served
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(served: Served, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError):
            served.get("/usage/")
            return
        time.sleep(0.1)
    raise RuntimeError(f"{served.server} does not answer")


@contextmanager
def set_up() -> Iterator[None]:
    """Set Django up in this process, with the database that the servers share."""
    import django
    from django.core.management import call_command
    from django.db import connections

    with TemporaryDirectory() as folder:
        os.environ["BENCHMARK_DATABASE"] = str(Path(folder) / "site.sqlite3")
        os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.site.settings"
        # The sessions that this process makes are written from its one coroutine.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        django.setup()
        call_command("migrate", verbosity=0, skip_checks=True)
        try:
            yield
        finally:
            connections.close_all()
