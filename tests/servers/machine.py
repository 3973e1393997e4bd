"""Several processes of one machine that share a pool, and a browser that meets all."""

import json
from contextlib import ExitStack
from http.cookiejar import CookieJar

from tests.servers.commands import ASGI, DAPHNE, gunicorn, uvicorn
from tests.servers.process import until
from tests.servers.serving import Served, Visitor, visitors_of_all

WORKERS = 4
_KEPT = ("--keep-alive", "60")
_GTHREAD = ("--threads", "8", *_KEPT, "--workers", str(WORKERS))

GTHREAD = gunicorn("gthread-4", "gthread", *_GTHREAD, workers=WORKERS)
PRELOADED = gunicorn("preloaded-4", "gthread", "--preload", *_GTHREAD, workers=WORKERS)
UVICORN_WORKERS = gunicorn(
    "gunicorn-uvicorn-4",
    "uvicorn_worker.UvicornWorker",
    *("--workers", str(WORKERS), *_KEPT),
    app=ASGI,
    workers=WORKERS,
)
UVICORN = uvicorn(
    "uvicorn-4",
    *("--workers", str(WORKERS), "--timeout-keep-alive", "60"),
    # It kills a worker that does not answer in time, for five seconds may be little.
    *("--timeout-worker-healthcheck", "60"),
    workers=WORKERS,
)
WITH_SOCKETS = {
    "gunicorn-uvicorn": (UVICORN_WORKERS,),
    "uvicorn": (UVICORN,),
    "daphnes": (DAPHNE, DAPHNE),
}
"""The servers of a machine, started together; these serve websockets."""
KINDS = {**WITH_SOCKETS, "gthread": (GTHREAD,), "preloaded": (PRELOADED,)}
"""All of them, those with sockets first."""
START_SECONDS = 90.0  # four interpreters import at once


class Machine:
    """Servers of one site whose processes share a pool; a context manager."""

    def __init__(self, servers, folder, database, *, settings=(), **environment):
        """All have started; ``until_ready`` waits until they answer.

        Args:
            servers: Rows of ``commands``.
            folder: Takes the servers' notes and logs, and the processes' socket.
            database: Django's record of a database that has its tables.
            settings: The site's ``EPHEMERAL_TASKS``, besides those of the machine.
            environment: Switches of the site.
        """
        self.pool_dir = folder / "pool"
        self._stack = ExitStack()
        self._folder = folder
        self._database = database
        shared = {"POOL": "machine", "POOL_DIR": str(self.pool_dir)}
        self._settings = {**shared, **dict(settings)}
        self._notes = folder / "notes"
        self._notes.mkdir()
        self._environment = {"SITE_FOLDER": str(self._notes), **environment}
        self.all = []
        for server in servers:
            self.add(server)

    def add(self, server):
        """Start one more and return it; all of them share a folder of notes."""
        served = Served(
            server,
            self._folder / f"{len(self.all)}",
            database=self._database,
            settings=self._settings,
            **self._environment,
        )
        self._stack.enter_context(served)
        served.folder = self._notes  # any process may run a body
        self.all.append(served)
        return served

    @property
    def first(self):
        """One of the servers, for what any of them can tell."""
        return self.all[0]

    @property
    def log(self):
        """All that they have said."""
        return "".join(served.log for served in self.all)

    def until_ready(self):
        """Return the machine once each server answers."""
        for served in self.all:
            served.until_ready(START_SECONDS)
        return self

    def __enter__(self):
        """The machine."""
        return self

    def __exit__(self, *exception):
        """All have ended."""
        self._stack.close()


class Browser:
    """One browser with an open connection to each process; a context manager."""

    def __init__(self, machine):
        """Has met all processes."""
        self._stack = ExitStack()
        self._is_one_port = len(machine.all) == 1
        self.cookies = CookieJar()
        Visitor(machine.first, self.cookies).close()  # one token for all doors
        self.doors = [
            door
            for served in machine.all
            for door in visitors_of_all(served, self._stack, self.cookies)
        ]
        """A visitor for each process; they have the same cookies."""

    def renew(self):
        """Be another browser, on the same connections."""
        self.doors[0].http.get("/logout/").raise_for_status()
        self.cookies.clear()
        self.doors[0].http.get("/process/").raise_for_status()

    def sockets(self, stack):
        """Return an open socket at each process, whose tables were read."""
        if self._is_one_port:
            found = self._sockets_of_one_port(stack)
        else:
            found = [stack.enter_context(door.socket()) for door in self.doors]
        for socket in found:
            assert json.loads(socket.recv(timeout=20))["type"] == "table"
        return found

    def _sockets_of_one_port(self, stack):
        """Open sockets until each process has one, and close the others."""
        found = {}

        def have_all():
            socket = stack.enter_context(self.doors[0].socket())
            process = socket.response.headers["x-process"]
            if found.setdefault(process, socket) is not socket:
                socket.close()
            return len(found) == len(self.doors)

        until(have_all, "a socket at each process")
        return [*found.values()]

    def __enter__(self):
        """The browser."""
        return self

    def __exit__(self, *exception):
        """It has no connection any more."""
        self._stack.close()
