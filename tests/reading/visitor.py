"""A visitor who types commands of curl and talks over a socket."""

from __future__ import annotations

import asyncio
import json
import shlex
import time
from collections.abc import Callable
from string import Template
from typing import Any

from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ephemeral_tasks.asgi import get_asgi_application
from tests.reading.likeness import is_like

HOST = "localhost:8000"
SITE = f"http://{HOST}"
PATIENCE_SECONDS = 10


class Visitor:
    """One jar of cookies; knows the newest id, and Django's CSRF token."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True, headers={"Host": HOST})
        self.id = ""
        """Of the operation that was started last."""
        self._words: list[str] = []
        self._answer: Any = None

    def restart_site(self) -> None:
        """The middleware is loaded anew for the next request."""
        self.client.handler._middleware_chain = None

    def fill(self, text: str) -> str:
        """Put in what a reader would have seen meanwhile: ``$id`` and ``$token``."""
        token = self.client.cookies.get("csrftoken")
        known = {"id": self.id, "token": token.value if token else ""}
        return Template(text).safe_substitute(known)

    def type(self, commands: str) -> None:
        """Send the request of each ``curl``; other commands are left alone."""
        for line in commands.replace("\\\n", " ").splitlines():
            if line.startswith("curl "):
                self._words = shlex.split(self.fill(line))
                self._ask()

    def _ask(self) -> None:
        command = Command(self._words)
        path = command.url.removeprefix(SITE)
        assert path != command.url, command.url
        if command.files:
            answer = self.client.post(path, command.files, headers=command.headers)
        else:
            answer = self.client.generic(
                command.method,
                path,
                "&".join(command.fields),
                command.content_type,
                headers=command.headers,
            )
        self._answer = answer
        if place := answer.headers.get("Location", "").strip("/"):
            self.id = place.rpartition("/")[2]

    # -- what must come of it ----------------------------------------------------------

    def expect_json(self, text: str) -> None:
        """The answer is this, at last."""
        expected = json.loads(self.fill(text))
        self._await_answer(lambda answer: is_like(answer.json(), expected))

    def expect_html(self, text: str) -> None:
        """The answer has this, at last."""
        expected = self.fill(text).strip()
        self._await_answer(lambda answer: expected in answer.content.decode())

    def _await_answer(self, is_expected: Callable[[Any], bool]) -> None:
        """Repeat the last request while its operation runs."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not is_expected(self._answer):
            assert self._answer.request["REQUEST_METHOD"] == "GET", self._answer.content
            assert time.monotonic() < until, self._answer.content
            self._ask()

    def expect_http(self, text: str) -> None:
        """The answer has this status, these headers and this body."""
        head, _, body = self.fill(text).partition("\n\n")
        status, *lines = head.splitlines()
        answer = self._answer
        assert status == f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"
        for name, _, value in (line.partition(": ") for line in lines):
            assert is_like(answer.headers.get(name), value), (name, answer.headers)
        if body.strip():
            assert is_like(answer.json(), json.loads(body)), answer.content

    # -- the socket --------------------------------------------------------------------

    async def talk(self, conversation: str) -> None:
        """Say what the page says; what it does not show may come in between."""
        socket = self._make_socket()
        accepted, _ = await socket.connect(PATIENCE_SECONDS)
        assert accepted
        for line in self.fill(conversation).splitlines():
            frame = json.loads(line[1:])
            if line.startswith("→"):
                await socket.send_json_to(frame)
            else:
                await self._await_frame(socket, frame)
        await socket.disconnect()

    async def _await_frame(self, socket: WebsocketCommunicator, frame: Any) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_like(await socket.receive_json_from(PATIENCE_SECONDS), frame):
                pass

    def _make_socket(self) -> WebsocketCommunicator:
        name = settings.SESSION_COOKIE_NAME
        headers = {
            "host": HOST,
            "origin": SITE,
            "cookie": f"{name}={self.client.cookies[name].value}",
        }
        return WebsocketCommunicator(
            get_asgi_application(),
            "/ws/tasks/",
            headers=[
                (name.encode(), value.encode()) for name, value in headers.items()
            ],
            subprotocols=["ephemeral-tasks.v1+json"],
        )


class Command:
    """What the words of a ``curl`` mean; cookies are the visitor's own."""

    def __init__(self, words: list[str]) -> None:
        self.headers = {"Accept": "*/*"}
        self.fields: list[str] = []
        self.files: dict[str, object] = {}
        self.url = ""
        method = None
        rest = iter(words[1:])
        for word in rest:
            if word == "-H":
                name, _, value = next(rest).partition(": ")
                self.headers[name] = value
            elif word == "-d":
                self.fields.append(next(rest))
            elif word == "-F":
                name, _, value = next(rest).partition("=")
                self.files[name] = _form_value(value)
            elif word == "-X":
                method = next(rest)
            elif word in {"-b", "-c"}:
                next(rest)
            else:
                self.url = word
        self.method = method or ("POST" if self.fields else "GET")
        form = "application/x-www-form-urlencoded"
        self.content_type = self.headers.pop("Content-Type", form)


def _form_value(value: str) -> object:
    if not value.startswith("@"):
        return value
    return SimpleUploadedFile(value[1:], b"a file of the reader's")
