"""Tasks are found wherever a site declares them, whenever it is imported."""

import os
import subprocess
import sys

import pytest

from tests.layers import ROOT

SETTINGS = """
from tests.settings import *
INSTALLED_APPS = {apps}
"""
TASK = """
from ephemeral_tasks import task

@task
def {name}():
    pass
"""
ASK = """
import django
django.setup()
from ephemeral_tasks.errors import UnknownTask
from ephemeral_tasks.registry import registry
from ephemeral_tasks.web.checks import check_tasks
{lines}
"""


@pytest.fixture
def make_site(tmp_path):
    """Makes apps with modules that declare one task each, and asks the site."""

    def make(apps, files, lines):
        for path, name in files.items():
            file = tmp_path / path
            file.parent.mkdir(exist_ok=True)
            (file.parent / "__init__.py").touch()
            file.write_text(TASK.format(name=name))
        installed = [*apps, "django.contrib.contenttypes", "django.contrib.sessions"]
        settings = SETTINGS.format(apps=installed)
        (tmp_path / "site_settings.py").write_text(settings)
        done = subprocess.run(
            [sys.executable, "-c", ASK.format(lines=lines)],
            cwd=tmp_path,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "site_settings",
                "PYTHONPATH": str(ROOT),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout.split()

    return make


@pytest.mark.parametrize(
    "apps", [["late", "ephemeral_tasks"], ["ephemeral_tasks", "late"]]
)
def test_the_order_of_apps_does_not_matter(make_site, apps):
    """Each app's tasks.py is imported once all apps are there."""
    said = make_site(
        apps, {"late/tasks.py": "wash"}, "print(registry.get('wash').name)"
    )

    assert said == ["wash"]


def test_a_task_may_be_declared_while_models_load(make_site):
    """The decorator needs settings and no app."""
    said = make_site(
        ["late", "ephemeral_tasks"],
        {"late/models.py": "wash"},
        "print(registry.get('wash').module_path)",
    )

    assert said == ["late.models.wash"]


def test_a_module_that_is_imported_later_declares_later(make_site):
    """Until then its tasks are unknown, and nothing has to be restarted."""
    said = make_site(
        ["late", "ephemeral_tasks"],
        {"late/rare.py": "wash"},
        "try:\n"
        "    registry.get('wash')\n"
        "except UnknownTask:\n"
        "    print('unknown')\n"
        "import late.rare\n"
        "print(registry.get('wash').name)",
    )

    assert said == ["unknown", "wash"]


def test_names_that_clash_across_apps_are_told(make_site):
    """Two apps may not know of each other; the check does, whatever comes first."""
    said = make_site(
        ["late", "ephemeral_tasks", "other"],
        {"late/tasks.py": "wash", "other/tasks.py": "wash"},
        "print(*[one.id for one in check_tasks(None)])",
    )

    assert said == ["ephemeral_tasks.E002"]
