"""Imports point one way: demo site, web, app layer, core, standard library."""

import subprocess
import sys
from itertools import chain

import pytest

from tests.layers import (
    APP_ORDER,
    PACKAGE,
    ROOT,
    SITE,
    WIRING,
    circles,
    graph_of,
    imports_of,
    layer_of,
    modules_of,
    public_names,
    sources_of,
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


def test_each_module_of_the_app_layer_has_its_place():
    """The order names them all, and no other."""
    modules = [module for module, _ in modules_of(PACKAGE)]
    names = {one.split(".")[1] for one in modules if layer_of(one) == "app"}

    assert names == {WIRING, *chain(*APP_ORDER)}


def test_no_circles():
    """No module needs one that needs it: not in functions, not for types."""
    assert circles(graph_of(sources_of(ROOT, PACKAGE, SITE))) == []


@pytest.mark.parametrize(
    "back",
    [
        "from .b import name",
        "from . import b",
        "from ephemeral_tasks import b",
        "import ephemeral_tasks.b",
        "def function():\n    from .b import name",
        "if TYPE_CHECKING:\n    from .b import name",
    ],
)
def test_a_planted_circle_is_caught(back):
    """Through a third module, however it is closed."""
    lines = {"a": back, "b": "from .c import name", "c": "from .a import name"}
    sources = {f"{PACKAGE}.{name}": (line, False) for name, line in lines.items()}

    assert circles(graph_of(sources)) == [[f"{PACKAGE}.{name}" for name in "abc"]]


def test_a_circle_for_types_is_told_apart():
    """At run time there is none."""
    sources = {
        f"{PACKAGE}.a": ("if TYPE_CHECKING:\n    from .b import name", False),
        f"{PACKAGE}.b": ("from .a import name", False),
    }

    assert circles(graph_of(sources, with_types=False)) == []


def test_a_package_may_not_need_its_own_part_back():
    """Its ``__init__`` is a module like the others."""
    sources = {
        f"{PACKAGE}.pool": ("from .coordinators import name", True),
        f"{PACKAGE}.pool.coordinators": ("from . import get", False),
    }

    assert len(circles(graph_of(sources))) == 1


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
        ("conf", "from .pool import get", "outwards in the app layer"),
        ("windows", "from . import pool", "outwards in the app layer"),
        ("pool.pool", "from ..submission import submit", "outwards in the app layer"),
        ("pool.pool", "from .. import projection", "outwards in the app layer"),
        ("projection", "from .submission import row", "outwards in the app layer"),
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
        ("ephemeral_tasks.projection", "from .pool.operation import PoolOperation"),
        ("ephemeral_tasks.submission", "from .row import Row"),
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
    """Each layer imports itself and what is further in."""
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
