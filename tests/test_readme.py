"""The README keeps its word: its files make a site that works."""

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
# The line of startproject's asgi.py that the README's takes the place of.
DJANGOS = "from django.core.asgi import get_asgi_application\n"
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
from django.core.files.uploadedfile import SimpleUploadedFile
call_command("check", fail_level="WARNING")
call_command("migrate", verbosity=0)
for name in MODULES:
    import_module(f"mysite.{name}")
visitor = Client(headers={"host": "localhost", "accept": "application/json"})
page = visitor.get("/page/")
print(page.status_code, 'id="ephemeral-tasks"' in page.content.decode())
sheet = SimpleUploadedFile("sheet.csv", b"name,town\\nAda,\\nBo,Rome\\n")
place = visitor.post("/tasks/start/check_sheet/", {"sheet": sheet}).headers["Location"]
while not visitor.get(place).json()["is_finished"]:
    pass
print(visitor.get(f"{place}result/").json()["result"])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """One fenced block of the README, or one file of it."""

    language: str
    file: str | None
    """The name in the comment above it; None for a command or a template."""
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


FILES = [snippet for snippet in snippets() if snippet.language == "python"]
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
    elif path.name == "asgi.py":
        before = path.read_text()
        assert before.count(DJANGOS) == 1
        path.write_text(before.replace(DJANGOS, code))
    else:
        path.write_text(code)


def append(path: Path, code: str) -> None:
    """The code stands at the end of the file."""
    path.write_text(path.read_text() + code)


def test_code_comes_early():
    """A reader sees code by line 15."""
    before, _, _ = README.partition("```")

    assert before.count("\n") < 15


def test_the_first_code_is_short():
    """Settings, one task and one page are 25 lines."""
    first, _, _ = README.partition("**What it is not.**")

    assert sum(block.count("\n") for _, block in FENCE.findall(first)) <= 25


def test_there_is_something_to_run():
    """Each block of Python is files of a site, and each of them is known here."""
    names = {"settings.py", "urls.py", "asgi.py", "tasks.py"}
    assert {snippet.file for snippet in FILES} == names
    assert TEMPLATES


def test_the_files_make_a_site(project):
    """With the README's lines a new project shows the table, and the task does work."""
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

    said = done.stdout.splitlines()
    assert said[-2:] == ["200 True", "Rows: 3, empty cells: 1"], done.stdout
