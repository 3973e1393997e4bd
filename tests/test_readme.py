"""The README keeps its word: its files make a site, its programs run."""

import ast
import inspect
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.layers import ROOT

README = (ROOT / "README.md").read_text()
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^# ([\w/]+\.py)\b.*\n", re.MULTILINE)
# What a reader adds to is in startproject's files; what is new replaces nothing.
EXTENDED = {"settings.py": "INSTALLED_APPS", "urls.py": "urlpatterns"}
SERVED = """\
from django.urls import path as _path
from django.views.generic import TemplateView as _View
urlpatterns = [_path("page/", _View.as_view(template_name="page.html")), *urlpatterns]
"""
VISIT = """\
import django
django.setup()
from django.core.management import call_command
from django.test import Client
from importlib import import_module
call_command("check", fail_level="WARNING")
call_command("migrate", verbosity=0)
for name in MODULES:
    import_module(f"mysite.{name}")
answer = Client(headers={"host": "localhost"}).get("/page/")
print(answer.status_code, 'id="ephemeral-tasks"' in answer.content.decode())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """One fenced block of the README, or one file of it."""

    language: str
    file: str | None
    """The name in the comment above it; None for a program or a template."""
    code: str


def snippets() -> list[Snippet]:
    """All of them, in order; a block that names files counts once for each."""
    return [
        Snippet(language=language, file=file, code=code)
        for language, block in FENCE.findall(README)
        for file, code in files_of(block)
    ]


def files_of(block: str) -> list[tuple[str | None, str]]:
    """The named files in a block, or the block itself without a name."""
    before, *rest = FILE.split(block)
    named = list(zip(rest[::2], rest[1::2], strict=True))
    return [(None, before), *named] if before.strip() else named


PYTHON = [snippet for snippet in snippets() if snippet.language == "python"]
FILES = [snippet for snippet in PYTHON if snippet.file]
PROGRAMS = [snippet for snippet in PYTHON if not snippet.file]
TEMPLATES = [snippet for snippet in snippets() if snippet.language == "django"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What startproject makes, changed as the README says."""
    call_command("startproject", "mysite", str(tmp_path))
    folder = tmp_path / "mysite"
    for snippet in FILES:
        write(folder / Path(snippet.file or "").name, snippet.code)
    append(folder / "settings.py", '\nINSTALLED_APPS += ["mysite"]\n')
    append(folder / "urls.py", SERVED)
    (folder / "templates").mkdir()
    page = "".join(snippet.code for snippet in TEMPLATES)
    (folder / "templates" / "page.html").write_text(page)
    return tmp_path


def write(path: Path, code: str) -> None:
    """The README's lines stand in the file; ``...`` in a list is what stood there."""
    if name := EXTENDED.get(path.name):
        append(path, "\n" + code.replace("...,", f"*{name},"))
    elif path.exists() and path.name != "asgi.py":
        append(path, code)
    else:
        path.write_text(code)


def append(path: Path, code: str) -> None:
    """The code stands at the end of the file."""
    path.write_text(path.read_text() + code)


def test_code_comes_early():
    """A reader sees code by line 15."""
    before, _, _ = README.partition("```")

    assert before.count("\n") < 15


def test_there_is_something_to_run():
    """The README's form has not slipped away from what these tests look for."""
    assert {snippet.file for snippet in FILES} >= {"settings.py", "urls.py", "asgi.py"}
    assert TEMPLATES


def test_the_files_make_a_site(project):
    """A new project with the README's lines passes its checks and shows the table."""
    modules = [Path(snippet.file or "").stem for snippet in FILES]
    done = subprocess.run(
        [sys.executable, "-c", f"MODULES = {modules!r}\n{VISIT}"],
        cwd=project,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "mysite.settings",
            "PYTHONPATH": str(ROOT),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert done.stdout.splitlines()[-1:] == ["200 True"], done.stdout


@pytest.mark.parametrize("snippet", PROGRAMS, ids=lambda snippet: snippet.code[:40])
async def test_a_program_runs(snippet, tmp_path, monkeypatch):
    """A snippet that is no file of a site runs by itself, from its imports on."""
    monkeypatch.chdir(tmp_path)
    code = compile(snippet.code, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    started = eval(code, {"__name__": "readme"})  # our own README
    if inspect.isawaitable(started):
        await started


@pytest.mark.parametrize(
    "command",
    [
        "pip install -r requirements.txt && python manage.py demo",
        "pip install tox && tox",
    ],
)
def test_the_commands_are_told(command):
    """The demo and the tests are one command each."""
    assert command in README
