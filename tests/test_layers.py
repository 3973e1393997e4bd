"""Imports point one way: demo site, web, app layer, core, standard library."""

import subprocess
import sys

import pytest

from tests.layers import (
    PACKAGE,
    ROOT,
    SITE,
    imports_of,
    modules_of,
    public_names,
    violations,
)


def test_no_import_points_outwards():
    """Neither in the package nor in the demo."""
    public = public_names()
    found = [
        sentence
        for package in (PACKAGE, SITE)
        for module, path in modules_of(package)
        for sentence in violations(
            path.read_text(),
            module,
            is_package=path.name == "__init__.py",
            public=public,
        )
    ]

    assert found == []


def test_tests_import_absolutely():
    """A test says in full what it tests."""
    found = [
        f"{module}:{item.line}"
        for module, path in modules_of("tests")
        for item in imports_of(path.read_text(), module)
        if item.is_relative
    ]

    assert found == []


@pytest.mark.parametrize(
    ("module", "line", "reason"),
    [
        ("core.keyed", "import django", "standard library"),
        ("core.keyed", "from ..conf import get_config", "standard library"),
        ("core.keyed", "from .. import conf", "standard library"),
        ("core.patterns.batch", "from ... import conf", "standard library"),
        ("core.keyed", "def f():\n    from asgiref import sync", "standard library"),
        ("pool", "from django.http import HttpRequest", "no HTTP"),
        ("pool", "import django.urls", "no HTTP"),
        ("apps", "import django.urls", "no HTTP"),
        ("pool", "from django import shortcuts", "no HTTP"),
        ("backends.pool", "from ..web.owner import owner_of", "web layer"),
        ("pool", "from . import web", "web layer"),
        ("pool", "from . import asgi", "web layer"),
        ("pool", "from channels.layers import get_channel_layer", "channels is for"),
        ("web.views", "import channels", "channels is for"),
        ("web.views", "import daphne.server", "channels is for"),
        ("web.views", "from ephemeral_tasks.pool import get", "relative"),
        ("web.views", "import ephemeral_tasks", "relative"),
        ("web.views", "import requests", "not a dependency"),
        ("web.views", "from tests.needs import needs", "not a dependency"),
        ("web.views", "import demo_site", "not a dependency"),
        ("pool", "if TYPE_CHECKING:\n    from celery import Task", "not a dependency"),
    ],
)
def test_a_planted_import_is_caught(module, line, reason):
    """The reader of imports sees what it is there to see."""
    found = violations(line, f"{PACKAGE}.{module}", public=frozenset())

    assert [reason in sentence for sentence in found] == [True]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("from ephemeral_tasks.pool import get", "public"),
        ("from ephemeral_tasks import windows", "public"),
        ("import ephemeral_tasks.web.views", "public"),
        ("from .forms import TranslateForm", "absolute"),
        ("from tests.needs import needs", "tests"),
    ],
)
def test_an_import_planted_in_the_demo_is_caught(line, reason):
    """A site uses what any other site may use."""
    public = frozenset({"ephemeral_tasks.task"})
    found = violations(line, f"{SITE}.editor.tasks", public=public)

    assert [reason in sentence for sentence in found] == [True]


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("ephemeral_tasks.core.keyed", "from .status import Status"),
        ("ephemeral_tasks.core.patterns.batch", "from ..clock import Clock"),
        ("ephemeral_tasks.apps", "from .web import owner"),
        ("ephemeral_tasks.pool", "from .core import KeyedCoordinator"),
        ("ephemeral_tasks.pool", "from django.db import close_old_connections"),
        ("ephemeral_tasks.web.push", "from channels.generic import websocket"),
        ("ephemeral_tasks.web.views", "from ..submission import submit"),
        ("ephemeral_tasks.templatetags.ephemeral_tasks", "import django.template"),
        ("ephemeral_tasks.testing", "import pytest"),
        ("demo_site.editor.tasks", "from ephemeral_tasks import task"),
        ("demo_site.asgi", "from ephemeral_tasks.asgi import get_asgi_application"),
        ("demo_site.editor.tasks", "import nh3"),
    ],
)
def test_an_import_that_points_inwards_is_not_caught(module, line):
    """Imports that the layers allow."""
    public = frozenset({"ephemeral_tasks.task"})

    assert violations(line, module, public=public) == []


def test_a_package_resolves_its_own_dots():
    """In an __init__ one dot is the package itself, not its parent."""
    line = "from .status import Status"
    found = imports_of(line, "ephemeral_tasks.core", is_package=True)

    assert [item.module for item in found] == ["ephemeral_tasks.core.status"]


def test_core_loads_no_django():
    """The core is imported, through the package, without anything of Django."""
    printed = run_python(
        "import sys, ephemeral_tasks.core\n"
        "print([name for name in sys.modules if name.partition('.')[0] == 'django'])"
    )

    assert printed == "[]"


def test_setting_up_starts_nothing():
    """Thread and loop wait for the first submission."""
    printed = run_python(
        "import os, threading\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "import tests.asgi, ephemeral_tasks.pool\n"
        "print([thread.name for thread in threading.enumerate()])"
    )

    assert printed == "['MainThread']"


def run_python(code: str) -> str:
    """Return what a fresh interpreter prints, its complaints included."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.strip()
