"""Django 5.2 on a Python where pip does not bring the backport by itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.wheel.environment import clean_environment, make_python

START = """\
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["ephemeral_tasks"])
django.setup()
from ephemeral_tasks.compat import DjangoTask
print(DjangoTask.__module__)
"""

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        sys.version_info < (3, 12), reason="Python 3.11 gets the backport by itself"
    ),
]


def start(python: Path, folder: Path) -> str:
    """What a site says whose only app is ours."""
    done = subprocess.run(
        [python, "-c", START],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def test_without_the_extra_the_site_says_which_it_needs(
    built_wheel: Path, tmp_path: Path
):
    """The traceback's last line is a sentence that names the extra."""
    python = make_python(tmp_path / "venv", str(built_wheel), "django>=5.2,<6.0")

    *_, last = start(python, tmp_path).splitlines()

    assert last.startswith("django.core.exceptions.ImproperlyConfigured: Django 5.2")
    assert "install django-ephemeral-tasks with its extra [backport]" in last


def test_with_the_extra_the_site_starts(built_wheel: Path, tmp_path: Path):
    """The backport takes the place of what Django 6.0 has itself."""
    wheel = f"{built_wheel}[backport]"
    python = make_python(tmp_path / "venv", wheel, "django>=5.2,<6.0")

    assert start(python, tmp_path) == "django_tasks.base"
