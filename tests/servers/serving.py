"""The site under a real server, and visitors who come to it over the network."""

import json
import socket
from contextlib import suppress

import httpx
from websockets.sync.client import connect

from tests.servers.commands import INTERRUPT
from tests.servers.process import Program, until

JSON_PROTOCOL = "ephemeral-tasks.v1+json"


class Served(Program):
    """The site under one server, on a free port of the loopback interface."""

    def __init__(
        self,
        server,
        folder,
        *,
        database=None,
        settings=(),
        is_bare=False,
        **environment,
    ):
        """Has started; ``until_ready`` waits until it answers.

        Args:
            server: A row of ``commands``.
            folder: Takes notes and log; of this server alone.
            database: Django's record of a database that has its tables.
            settings: The site's ``EPHEMERAL_TASKS``.
            is_bare: Serve a site that has nothing of ours.
            environment: Switches of the site.
        """
        self.server = server
        self.folder = folder
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir()
        super().__init__(
            folder,
            server.command(self.port, is_bare=is_bare),
            **server.environment(is_bare=is_bare),
            SITE_FOLDER=str(folder),
            SITE_DATABASE=json.dumps(database),
            SITE_EPHEMERAL_TASKS=json.dumps(dict(settings)),
            **environment,
        )

    def until_ready(self):
        """Return the served site once it answers."""
        until(self._answers, lambda: f"{self.server.name} answers:\n{self.log}")
        return self

    def _answers(self):
        assert self.process.poll() is None, f"ended by itself:\n{self.log}"
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/process/").status_code == 200

    def signal(self, how):
        """Tell the server to end, in the one way or the other."""
        if how == INTERRUPT:
            self.interrupt(whole_group=self.server.interrupts_group)
        else:
            self.terminate()

    def socket(self, **options):
        """Open the site's socket."""
        return connect(
            f"ws://127.0.0.1:{self.port}/ws/tasks/",
            origin=self.url,
            proxy=None,
            **options,
        )

    def note(self, name, word):
        """Tell a body that this is so."""
        (self.folder / f"{name}.{word}").touch()

    def is_noted(self, name, word):
        """Return the id of the process whose body noted this, as text; else empty."""
        path = self.folder / f"{name}.{word}"
        return path.read_text() if path.exists() else ""

    def until_noted(self, name, word):
        """Return the same once it is noted."""
        return until(
            lambda: self.is_noted(name, word), lambda: f"{name} {word}:\n{self.log}"
        )


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Visitor:
    """One browser: its cookies, its requests, its sockets; a context manager."""

    def __init__(self, served):
        """Has the cookie that posts need, on a connection that stays open."""
        self._served = served
        self.http = httpx.Client(base_url=served.url, timeout=20)
        self.process = self.http.get("/process/").text
        """The process that answered first."""

    def post(self, path, **data):
        """Return the answer to a form of a program."""
        token = {"X-CSRFToken": self.http.cookies["csrftoken"]}
        return self.http.post(path, data=data, headers=token)

    def start(self, task, name):
        """Start a task and return its row."""
        response = self.post(f"/tasks/start/{task}/", name=name)
        assert response.status_code == 202, response.text
        return response.json()

    def row(self, id):
        """Return the row as it is now."""
        return self.http.get(f"/tasks/{id}/").raise_for_status().json()

    def socket(self):
        """Open a socket as a program does; the table has not been read yet."""
        cookies = "; ".join(f"{k}={v}" for k, v in self.http.cookies.items())
        return self._served.socket(
            subprotocols=[JSON_PROTOCOL], additional_headers={"Cookie": cookies}
        )

    def close(self):
        """No connection is left."""
        self.http.close()

    def __enter__(self):
        """The visitor."""
        return self

    def __exit__(self, *exception):
        """Has gone."""
        self.close()
