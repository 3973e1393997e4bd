"""A reader of docs/: does what a page says, block by block, on a site of its own.

A block's language says what is done with it; the first line may name a file. What a
block must lead to stands in the block after it:

- ``python``: run. With a file's name it becomes that module, ``settings.py`` the site's
  settings, ``urls.py`` its routes.
- ``django``: rendered for a visitor, or, with a name, a template of the site.
- ``sh``: each ``curl`` is a request of one visitor's; other commands are left alone.
- ``json``, ``http`` and ``html``: the answer to the last request, or a part of it.
- ``text``: what the program above printed, or a conversation over a socket.
- ``css`` and ``po``: names in it are those of the package.
- ``js`` and ``nginx``: Node.js and nginx can read it, where they are installed.

In what is expected ``…`` stands for anything.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import logging.config
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from types import ModuleType
from typing import Any

from channels.testing import WebsocketCommunicator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import engines
from django.test import Client, RequestFactory

from ephemeral_tasks.asgi import get_asgi_application
from ephemeral_tasks.testing import drain
from tests import urls
from tests.layers import ROOT

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"^(?:#|\{#) ([\w/.-]+\.(?:py|html))\b")
LISTED = re.compile(r"^(\w+) = \[(.*?)\.\.\.,", re.MULTILINE | re.DOTALL)
PACKAGE = ROOT / "ephemeral_tasks"
STATIC = PACKAGE / "static" / "ephemeral_tasks"
HOST = "localhost:8000"
SITE = f"http://{HOST}"
WAIT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block of a page."""

    language: str
    file: str
    """The name in its first line; empty for a block without one."""
    text: str


def blocks_of(page: Path) -> list[Block]:
    """Return all blocks of a page, in order."""
    return [
        Block(language=language, file=name[1] if name else "", text=text)
        for language, text in FENCE.findall(page.read_text())
        for name in [NAME.match(text)]
    ]


class Reader:
    """Follows one page."""

    def __init__(self, page: Path, settings: Any, monkeypatch: Any) -> None:
        self._blocks = blocks_of(page)
        self._settings = settings
        self._monkeypatch = monkeypatch
        self._module = self._make_module(f"docs_{page.stem.replace('-', '_')}")
        self._templates: dict[str, str] = {}
        self._client = Client(enforce_csrf_checks=True, headers={"Host": HOST})
        self._answer: Any = None
        self._words: list[str] = []
        self._id = ""
        self._printed = io.StringIO()

    def follow(self) -> None:
        """Do everything; an assertion names what did not happen as the page says."""
        out, errors = contextlib.redirect_stdout, contextlib.redirect_stderr
        with out(self._printed), errors(self._printed):
            for block in self._blocks:
                step = getattr(self, f"_do_{block.language}", None)
                if step is not None:
                    step(block)

    # -- programs ----------------------------------------------------------------------

    def _do_python(self, block: Block) -> None:
        self._printed.seek(0)
        self._printed.truncate()
        if block.file.endswith("settings.py"):
            self._set(self._run(_whole(block.text), dict(self._settings_now(block))))
        elif block.file.endswith("urls.py"):
            # A name of this page's: Django remembers by it what kind of routes it has.
            module = self._make_module(f"{self._module.__name__}_urls")
            names = {**vars(module), "urlpatterns": [*urls.urlpatterns]}
            self._run(_whole(block.text), names)
            self._settings.ROOT_URLCONF = module.__name__
        elif block.file:
            self._run(block.text, vars(self._make_module(_dotted(block.file))))
        else:
            self._run(block.text, vars(self._module))

    def _run(self, text: str, names: dict[str, Any]) -> dict[str, Any]:
        module = sys.modules.get(names.get("__name__", ""))
        code = compile(text, "docs", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        started = eval(code, names)  # our own page
        if inspect.iscoroutine(started):  # it awaits outside a function
            asyncio.run(started)
        if module is not None:
            vars(module).update(names)
        return names

    def _make_module(self, name: str) -> ModuleType:
        package, _, _ = name.rpartition(".")
        if package and package not in sys.modules:
            self._make_module(package).__path__ = []
        module = ModuleType(name)
        self._monkeypatch.setitem(sys.modules, name, module)
        return module

    def _settings_now(self, block: Block) -> Iterator[tuple[str, Any]]:
        for name, _ in LISTED.findall(block.text):
            yield name, [*getattr(self._settings, name)]

    def _set(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if name == "LOGGING":
                logging.config.dictConfig(value)
            elif name.isupper():
                setattr(self._settings, name, value)

    # -- templates ---------------------------------------------------------------------

    def _do_django(self, block: Block) -> None:
        if not block.file:
            request = RequestFactory(headers={"Host": HOST}).get("/")
            request.session = self._client.session
            context = {"id": self._id or "0"}
            assert engines["django"].from_string(block.text).render(context, request)
            return
        name = block.file.partition("templates/")[2]
        assert name, f"{block.file} is in no folder of templates"
        self._templates[name] = block.text.partition("\n")[2]
        engine = {**self._settings.TEMPLATES[0], "APP_DIRS": False}
        loaders = [
            ("django.template.loaders.locmem.Loader", self._templates),
            "django.template.loaders.app_directories.Loader",
        ]
        engine["OPTIONS"] = {**engine["OPTIONS"], "loaders": loaders}
        self._settings.TEMPLATES = [engine]

    # -- requests ----------------------------------------------------------------------

    def _do_sh(self, block: Block) -> None:
        for line in block.text.replace("\\\n", " ").splitlines():
            if line.startswith("curl "):
                self._words = shlex.split(self._fill(line))
                self._answer = self._ask(self._words)

    def _fill(self, text: str) -> str:
        """Put in what a reader would have seen meanwhile."""
        token = self._client.cookies.get("csrftoken")
        place = "" if self._answer is None else self._answer.headers.get("Location", "")
        self._id = place.strip("/").rpartition("/")[2] or self._id
        known = {"id": self._id, "token": token.value if token else ""}
        return Template(text).safe_substitute(known)

    def _ask(self, words: list[str]) -> Any:
        headers, fields, files, url = {"Accept": "*/*"}, [], {}, ""
        method = None
        rest = iter(words[1:])
        for word in rest:
            if word in {"-H", "--header"}:
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            elif word in {"-d", "--data"}:
                fields.append(next(rest))
            elif word in {"-F", "--form"}:
                name, _, value = next(rest).partition("=")
                files[name] = _form_value(value)
            elif word in {"-X", "-b", "-c", "-o"}:
                value = next(rest)
                method = value if word == "-X" else method
            elif not word.startswith("-"):
                url = word
        assert url.startswith(SITE), url
        kind = headers.pop("Content-Type", "application/x-www-form-urlencoded")
        path = url.removeprefix(SITE)
        if files:
            return self._client.post(path, files, headers=headers)
        verb = method or ("POST" if fields else "GET")
        return self._client.generic(verb, path, "&".join(fields), kind, headers=headers)

    def _do_json(self, block: Block) -> None:
        expected = json.loads(self._fill(block.text))
        self._await_answer(lambda answer: is_like(answer.json(), expected))

    def _do_html(self, block: Block) -> None:
        self._await_answer(lambda answer: block.text.strip() in answer.content.decode())

    def _await_answer(self, is_expected: Callable[[Any], bool]) -> None:
        """Repeat the last request while its operation runs."""
        until = time.monotonic() + WAIT_SECONDS
        while not is_expected(self._answer):
            assert self._answer.request["REQUEST_METHOD"] == "GET", self._answer.content
            assert time.monotonic() < until, self._answer.content
            self._answer = self._ask(self._words)

    def _do_http(self, block: Block) -> None:
        head, _, body = self._fill(block.text).partition("\n\n")
        status, *lines = head.splitlines()
        answer = self._answer
        assert status == f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"
        for name, _, value in (line.partition(": ") for line in lines):
            assert is_like(answer.headers.get(name), value), (name, answer.headers)
        if body.strip():
            assert is_like(answer.json(), json.loads(body)), answer.content

    # -- names -------------------------------------------------------------------------

    def _do_css(self, block: Block) -> None:
        sheet = (STATIC / "ephemeral_tasks.css").read_text()
        names = re.findall(r"\.[a-z][\w-]+|--et-\w+", block.text)
        assert [name for name in names if name not in sheet] == []

    def _do_po(self, block: Block) -> None:
        known = (PACKAGE / "locale" / "de" / "LC_MESSAGES" / "django.po").read_text()
        message, _, _ = block.text.partition("msgstr")
        assert message in known

    def _do_js(self, block: Block) -> None:
        if node := shutil.which("node"):
            subprocess.run(
                [node, "--check", "-"], input=block.text.encode(), check=True
            )

    def _do_nginx(self, block: Block) -> None:
        nginx = shutil.which("nginx")
        if nginx is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "nginx.conf"
            # Its certificates are the reader's.
            text = re.sub(r"ssl\w+ +/.*|(?<=8443) ssl", "", block.text)
            kinds = ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
            own = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
            whole = f"http {{ access_log off; {own}\n{text} }}"
            path.write_text(f"pid {folder}/pid;\nevents {{}}\n{whole}\n")
            command = [nginx, "-t", "-q", "-e", "stderr", "-p", folder, "-c", path]
            subprocess.run(command, check=True)

    # -- what is printed or said -------------------------------------------------------

    def _do_text(self, block: Block) -> None:
        if block.text.startswith(("→", "←")):
            asyncio.run(self._talk(block.text))
            return
        drain()
        said = self._printed.getvalue()
        assert is_like(said.strip(), block.text.strip()), said

    async def _talk(self, conversation: str) -> None:
        """Say what the page says; what it does not show may come in between."""
        name = self._settings.SESSION_COOKIE_NAME
        cookie = f"{name}={self._client.cookies[name].value}".encode()
        socket = WebsocketCommunicator(
            get_asgi_application(),
            "/ws/tasks/",
            headers=[
                (b"host", HOST.encode()),
                (b"origin", SITE.encode()),
                (b"cookie", cookie),
            ],
            subprotocols=["ephemeral-tasks.v1+json"],
        )
        accepted, _ = await socket.connect(WAIT_SECONDS)
        assert accepted
        for line in self._fill(conversation).splitlines():
            frame = json.loads(line[1:])
            if line.startswith("→"):
                await socket.send_json_to(frame)
            else:
                async with asyncio.timeout(WAIT_SECONDS):
                    while not is_like(
                        await socket.receive_json_from(WAIT_SECONDS), frame
                    ):
                        pass
        await socket.disconnect()


def is_like(said: Any, expected: Any) -> bool:
    """Return whether an answer is what a page expects; more keys may be there."""
    if isinstance(expected, dict) and isinstance(said, dict):
        return all(
            key in said and is_like(said[key], value) for key, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(said, list):
        pairs = zip(said, expected, strict=False)
        return len(said) == len(expected) and all(is_like(*pair) for pair in pairs)
    if isinstance(expected, str) and "…" in expected:
        pattern = ".*".join(map(re.escape, expected.split("…")))
        return expected == "…" or bool(re.fullmatch(pattern, str(said), re.DOTALL))
    return bool(said == expected)


def _form_value(value: str) -> object:
    if not value.startswith("@"):
        return value
    return SimpleUploadedFile(value[1:], b"a file of the reader's")


def _whole(text: str) -> str:
    """Return the text with what stood in a list before in the place of ``...``."""
    return LISTED.sub(r"\1 = [\2*\1,", text)


def _dotted(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")
