"""The site under a real server, and visitors who come to it over the network."""

import json
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
from websockets.sync.client import connect

from tests.servers.commands import INTERRUPT
from tests.servers.process import PATIENCE_SECONDS, Program, until

CROWD = 8
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
        self.database = database
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir()
        super().__init__(
            folder,
            server.command(self.port, is_bare=is_bare),
            **server.environment(is_bare=is_bare),
            **{
                "SITE_FOLDER": str(folder),
                "SITE_DATABASE": json.dumps(database),
                "SITE_EPHEMERAL_TASKS": json.dumps(dict(settings)),
                **environment,
            },
        )

    def until_ready(self, seconds=PATIENCE_SECONDS):
        """Return the served site once it answers."""
        what = lambda: f"{self.server.name} answers:\n{self.log}"  # noqa: E731
        until(self._answers, what, seconds)
        return self

    def _answers(self):
        assert self.process.poll() is None, f"ended by itself:\n{self.log}"
        return self.answer()

    def answer(self):
        """Return the id of the process that answers, empty if none does."""
        with suppress(httpx.TransportError):
            response = httpx.get(f"{self.url}/process/")
            return response.text if response.status_code == 200 else ""
        return ""

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


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Visitor:
    """One browser: its cookies, its requests, its sockets; a context manager."""

    def __init__(self, served, cookies=None):
        """Has the cookie that posts need, on a connection that stays open.

        Args:
            served: The site.
            cookies: The jar of a browser that is here already; a new one's otherwise.
        """
        self.served = served
        self.http = httpx.Client(
            base_url=served.url,
            cookies=cookies,
            limits=httpx.Limits(keepalive_expiry=None),  # a connection is a process
            timeout=20,
            verify=False,  # spares it a look at the machine's certificates
        )
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

    def statuses(self):
        """Return how many operations of the visitor have which status."""
        rows = self.http.get("/tasks/").raise_for_status().json()["operations"]
        return Counter(row["status"] for row in rows)

    def until_finished(self, id):
        """Return the row once its operation has ended."""

        def ended():
            row = self.row(id)
            return row if row["is_finished"] else None

        return until(ended, "the operation ends")

    def polled_until_it_stops(self):
        """Return the first fragment that asks for no further poll."""

        def last():
            fragment = self.http.get("/tasks/", headers={"HX-Request": "true"}).text
            return "" if "hx-trigger" in fragment else fragment

        return until(last, "polling stops")

    def socket(self):
        """Open a socket as a program does; the table has not been read yet."""
        cookies = "; ".join(f"{k}={v}" for k, v in self.http.cookies.items())
        return self.served.socket(
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


def visitors_of_all(served, stack, cookies=None):
    """Return a visitor for each process of the server, on open connections.

    They come in crowds: one after the other may all meet the same process. With a jar
    of cookies they are all the same browser.
    """
    found = {}

    def have_all():
        with ThreadPoolExecutor(CROWD) as pool:
            crowd = [*pool.map(Visitor, [served] * CROWD, [cookies] * CROWD)]
        for visitor in crowd:
            stack.enter_context(visitor)
            if found.setdefault(visitor.process, visitor) is not visitor:
                visitor.close()
        return len(found) == served.server.workers

    until(have_all, "a visitor for each process")
    return [*found.values()]
