"""A reader of docs/: does what a page says, block by block.

A block's language says what is done with it; the first line may name a file. What a
block must lead to stands in the block after it:

- ``python``: run. With a file's name it becomes that module, ``settings.py`` the site's
  settings, ``urls.py`` its routes.
- ``django``: rendered for a visitor, or, with a name, a template of the site.
- ``sh``: each ``curl`` is a request of one visitor's; other commands are left alone.
- ``json``, ``http`` and ``html``: the answer to the last request, or a part of it.
- ``text``: what the program above printed, or a conversation over a socket.
- all others: see formats.py.

In what is expected ``…`` stands for anything.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import logging.config
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from django.template import engines
from django.test import RequestFactory

from ephemeral_tasks.testing import drain
from tests import urls
from tests.reading.blocks import Block, blocks_of
from tests.reading.formats import CHECKS
from tests.reading.likeness import is_like
from tests.reading.visitor import HOST, Visitor

LISTED = re.compile(r"^(\w+) = \[(.*?)\.\.\.,", re.MULTILINE | re.DOTALL)


class Reader:
    """Follows one page."""

    def __init__(self, page: Path, settings: Any, monkeypatch: Any) -> None:
        self._blocks = blocks_of(page)
        self._settings = settings
        self._monkeypatch = monkeypatch
        self._module = self._make_module(f"docs_{page.stem.replace('-', '_')}")
        self._templates: dict[str, str] = {}
        self._visitor = Visitor()
        self._printed = io.StringIO()
        self._steps = {
            "django": self._use_template,
            "html": lambda block: self._visitor.expect_html(block.text),
            "http": lambda block: self._visitor.expect_http(block.text),
            "json": lambda block: self._visitor.expect_json(block.text),
            "python": self._use_python,
            "sh": lambda block: self._visitor.type(block.text),
            "text": self._compare_text,
        }

    def follow(self) -> None:
        """Do everything; an assertion names what did not happen as the page says."""
        out, errors = contextlib.redirect_stdout, contextlib.redirect_stderr
        with out(self._printed), errors(self._printed):
            for block in self._blocks:
                if step := self._steps.get(block.language):
                    step(block)
                else:
                    CHECKS[block.language](block.text)

    # -- programs ----------------------------------------------------------------------

    def _use_python(self, block: Block) -> None:
        self._printed.seek(0)
        self._printed.truncate()
        if block.file.endswith("settings.py"):
            self._change_settings(block.text)
        elif block.file.endswith("urls.py"):
            # A name of this page's: Django remembers by it what kind of routes it has.
            module = self._make_module(f"{self._module.__name__}_urls")
            module.urlpatterns = [*urls.urlpatterns]
            _run(_whole(block.text), vars(module))
            self._settings.ROOT_URLCONF = module.__name__
        elif block.file:
            name = block.file.removesuffix(".py").replace("/", ".")
            _run(block.text, vars(self._make_module(name)))
        else:
            _run(block.text, vars(self._module))

    def _make_module(self, name: str) -> ModuleType:
        package, _, leaf = name.rpartition(".")
        if package and package not in sys.modules:
            self._make_module(package).__path__ = []
        module = ModuleType(name)
        self._monkeypatch.setitem(sys.modules, name, module)
        if package:
            setattr(sys.modules[package], leaf, module)
        return module

    def _change_settings(self, text: str) -> None:
        listed = [name for name, _ in LISTED.findall(text)]
        values = {name: [*getattr(self._settings, name)] for name in listed}
        _run(_whole(text), values)
        for name, value in values.items():
            if name == "LOGGING":
                logging.config.dictConfig(value)
            elif name.isupper():
                setattr(self._settings, name, value)
        self._visitor.restart_site()

    def _compare_text(self, block: Block) -> None:
        if block.text.startswith(("→", "←")):
            asyncio.run(self._visitor.talk(block.text))
            return
        drain()
        said = self._printed.getvalue()
        assert is_like(said.strip(), block.text.strip()), said

    # -- templates ---------------------------------------------------------------------

    def _use_template(self, block: Block) -> None:
        if block.file:
            self._add_template(block)
            return
        request = RequestFactory(headers={"Host": HOST}).get("/")
        request.session = self._visitor.client.session
        context = {"id": self._visitor.id or "0"}
        assert engines["django"].from_string(block.text).render(context, request)

    def _add_template(self, block: Block) -> None:
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


def _run(text: str, names: dict[str, Any]) -> None:
    """Run a program in these names, also one that awaits outside a function."""
    code = compile(text, "docs", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    started = eval(code, names)  # our own page
    if inspect.iscoroutine(started):
        asyncio.run(started)


def _whole(text: str) -> str:
    """Return the text with what stood in a list before in the place of ``...``."""
    return LISTED.sub(r"\1 = [\2*\1,", text)
