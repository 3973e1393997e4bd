"""Each command with which README and quickstart install something works."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.layers import ROOT
from tests.needs import lacks, needs, needs_apertium_pair

README = (ROOT / "README.md").read_text()
QUICKSTART = (ROOT / "docs" / "quickstart.md").read_text()
CHECKOUT = "path/to/django-ephemeral-tasks"
DEMO, TESTS = (
    re.search(rf"^python3 .*\.venv/bin/{program}\b.*$", README, re.MULTILINE)[0]
    for program in ("python manage.py demo", "tox")
)

# All fetch packages.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone of what is committed here."""
    if not (ROOT / ".git").exists():
        lacks("needs a git checkout")
    folder = tmp_path / "clone"
    subprocess.run([needs("git"), "clone", "--quiet", ROOT, folder], check=True)
    return folder


def environment() -> dict[str, str]:
    """A shell's own variables, outside of any virtual environment."""
    beside = str(Path(sys.executable).parent)
    path = [folder for folder in os.get_exec_path() if folder != beside]
    return {"HOME": str(Path.home()), "PATH": os.pathsep.join(path)}


@contextmanager
def typed(command: str, folder: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A command line in a shell; all of it has ended afterwards."""
    with subprocess.Popen(
        ["sh", "-c", command],
        cwd=folder,
        env=environment() | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that its process id is its group's, too
    ) as shell:
        try:
            yield shell
        finally:
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGTERM)
                shell.communicate(timeout=60)  # its last words have a reader


def said_by(command: str, folder: Path, **more: str) -> str:
    """What a command line prints that ends well."""
    with typed(command, folder, **more) as shell:
        said = shell.stdout.read()
        assert shell.wait() == 0, said
    return said


def changed(clone: Path) -> str:
    """What git would add."""
    command = ["git", "status", "--porcelain"]
    return subprocess.run(
        command, cwd=clone, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def test_the_demo_starts(clone):
    """Typed word by word, and a free port instead of 8000, it serves the editor.

    Apertium must be there: otherwise the command would install it on this machine.
    """
    needs_apertium_pair("apertium-eng-spa", "eng-spa")
    with typed(f"{DEMO} 0", clone) as shell:
        said = ""
        for line in shell.stdout:
            said += line
            if address := re.search(r"Translation editor: (\S+)", line):
                break
        assert address, said
        with urllib.request.urlopen(address[1], timeout=20) as answer:
            page = answer.read().decode()

    assert "<textarea" in page
    assert changed(clone) == ""


def test_the_tests_start(clone):
    """Typed word by word; all of tox would take too long, so that TOXENV picks lint."""
    said = said_by(TESTS, clone, TOXENV="lint")

    assert "lint: OK" in said
    assert changed(clone) == ""


def test_the_quickstart_begins(clone, tmp_path):
    """Its first step, installation as in README, makes a project."""
    step = re.search(r"^```sh\n(.*?)^```$", QUICKSTART, re.MULTILINE | re.DOTALL)[1]
    assert f"\npip install {CHECKOUT} daphne\n" in step
    assert f"\npip install {CHECKOUT} daphne\n" in README
    lines = step.replace(CHECKOUT, str(clone)).splitlines()
    look = 'python -c "import daphne, ephemeral_tasks as us; print(us.__file__)"'

    said = said_by(" && ".join([*lines, look]), tmp_path)

    assert Path(said.split()[-1]).is_relative_to(tmp_path / "venv")
    assert (tmp_path / "mysite" / "reports" / "views.py").exists()


def test_a_wheel_is_built(clone, tmp_path):
    """The README's command makes one file to install anywhere."""
    build = re.search(r"^pip wheel .*$", README, re.MULTILINE)[0]
    shell = "python3 -m venv venv && . venv/bin/activate"

    said_by(f"{shell} && {build.replace(CHECKOUT, str(clone))}", tmp_path)

    (wheel,) = (tmp_path / "dist").iterdir()
    assert wheel.name.startswith("django_ephemeral_tasks-")


def test_continuous_integration_types_the_same():
    """Its script has the README's command, and passes on which environments to run."""
    assert f'{TESTS} "$@"' in (ROOT / ".ci" / "run").read_text()
