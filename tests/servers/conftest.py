"""A database with the site's tables, and servers that end with their test."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

from tests.servers.process import ROOT
from tests.servers.serving import Served, Visitor


def migrated(database, folder):
    """Return the record of a database, now with the site's tables."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.servers.site.settings",
        "SITE_FOLDER": str(folder),
        "SITE_DATABASE": json.dumps(database),
    }
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "-v0", "--skip-checks"],
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
    )
    return database


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    """Users and sessions of all servers, in a file."""
    folder = tmp_path_factory.mktemp("database")
    record = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / "site.sqlite3"),
        "OPTIONS": {"init_command": "PRAGMA synchronous=OFF;", "timeout": 20},
    }
    return migrated(record, folder)


@pytest.fixture
def stack():
    """Closes what a test opened, the newest first."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def make_served(stack, tmp_path, database):
    """Starts the site under a server and waits until it answers."""

    def make_served(server, **options):
        folder = tmp_path / f"{server.name}-{len(list(tmp_path.iterdir()))}"
        served = Served(server, folder, **{"database": database, **options})
        return stack.enter_context(served).until_ready()

    return make_served


@pytest.fixture
def make_visitor(stack):
    """Sends visitors to a served site."""

    def make_visitor(served, cookies=None):
        return stack.enter_context(Visitor(served, cookies))

    return make_visitor
