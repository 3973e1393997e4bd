"""Django's tests: fetched with its source, made to name our backends."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import django
import pytest

from tests.needs import lacks

FOLDER = "EPHEMERAL_TESTS_DJANGO_SUITE"
# Django's names of its backends; ours have the same last word.
_RENAMED = {
    "django.tasks.backends.immediate": "tests.django_suite.backends",
    "django.tasks.backends.dummy": "tests.django_suite.backends",
    "from django.tasks.backends.base import BaseTaskBackend": (
        "from ephemeral_tasks.backends import PoolBackend as BaseTaskBackend"
    ),
}


def fetch(folder: Path) -> None:
    """Django's tests of tasks are in the folder, as the package ``tasks``."""
    version = f"django=={django.__version__}"
    options = ["--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *options, version]
    subprocess.run(command, check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        for member in opened:
            path = Path(member.name)
            if path.match("*/tests/tasks/*.py"):
                source = opened.extractfile(member)
                assert source is not None
                write(folder / "tasks" / path.name, source.read().decode())


def write(path: Path, code: str) -> None:
    """One module stands there, with our backends for Django's."""
    for theirs, ours in _RENAMED.items():
        code = code.replace(theirs, ours)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)


def folder() -> Path:
    """Return where ``fetch`` put them, or end the tests that need them."""
    if django.VERSION < (6, 0):
        pytest.skip("Django has its own tasks from 6.0 on", allow_module_level=True)
    found = Path(os.environ.get(FOLDER, ""))
    if not (found / "tasks" / "tasks.py").exists():
        lacks("needs Django's source: tox -e django-suite fetches it")
    return found


if __name__ == "__main__":
    fetch(Path(os.environ[FOLDER]))
