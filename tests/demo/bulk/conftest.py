"""Folders of Markdown, and the command that translates them."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.management import CommandError, call_command

from demo_site.bulk.management.commands.translate_markdown import Command
from demo_site.translation import Limits
from tests.demo.engines import ToldEngine

PAIRS = (("en", "es"), ("en", "fr"), ("es", "fr"))


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


class Said(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    errors: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder."""
    made = tmp_path / "folder"
    made.mkdir()
    return made


@pytest.fixture
def make_engine(use_engines: Any) -> Callable[..., ToldEngine]:
    """Return what makes an engine that shouts, and is the process's own."""

    def make(*args: Any, patience_seconds: float = 60.0, **options: Any) -> ToldEngine:
        engine = ToldEngine(*args, **({"pairs": PAIRS} | options))
        use_engines(engine, patience_seconds=patience_seconds)
        return engine

    return make


@pytest.fixture
def engine(make_engine: Callable[..., ToldEngine]) -> ToldEngine:
    """Return an engine that shouts; each of its requests is one text."""
    return make_engine(limits=Limits(texts=1))


def translate(folder: Path, to: str = "es", **options: Any) -> Said:
    """Run the command and return what a terminal gets of it."""
    streams = {"stdout": io.StringIO(), "stderr": io.StringIO()} | {
        key: options.pop(key) for key in ("stdout", "stderr") if key in options
    }
    code = 0
    try:
        call_command(Command(), folder, to=to, **streams, **options)
    except CommandError as error:
        code = error.returncode
        streams["stderr"].write(f"CommandError: {error}\n")
    return Said(code, *(stream.getvalue() for stream in streams.values()))


def write(folder: Path, **files: str) -> None:
    """Write files: in their names two underscores are a slash, one is a point."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/').replace('_', '.')}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def listed(folder: Path) -> list[str]:
    """Return the names of all files below a folder."""
    paths = (path for path in folder.rglob("*") if not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in paths)
