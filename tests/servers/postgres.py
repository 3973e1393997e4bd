"""A PostgreSQL server of the tests' own, reachable through a socket file alone."""

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.needs import lacks
from tests.servers.process import PATIENCE_SECONDS, until

DEBIAN = Path("/usr/lib/postgresql")


def programs():
    """Return the folder of ``initdb`` and ``postgres``, or end the test."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [one.parent for one in DEBIAN.glob("*/bin/initdb")]
    newest = max(folders, key=lambda folder: float(folder.parent.name), default=None)
    return newest or lacks("needs postgres: apt-get install postgresql")


@contextmanager
def cluster():
    """Run a new cluster; give Django's record of its database."""
    bin_folder = programs()
    # Not below pytest's folder, which nobody but its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="ephemeral-tasks-"))
    # PostgreSQL refuses to be run by root; its package made a user for it.
    user = "postgres" if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    run = {"user": user, "stdout": subprocess.DEVNULL, "cwd": folder}
    try:
        initdb = [bin_folder / "initdb", "-D", data, "-U", "site", "-A", "trust", "-N"]
        subprocess.run(initdb, check=True, **run)
        command = [bin_folder / "postgres", "-D", data, "-k", folder, "-h", ""]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen([*command, "-F"], stderr=log, **run)
        try:
            record = {"ENGINE": "django.db.backends.postgresql"}
            record |= {"HOST": str(folder), "NAME": "postgres", "USER": "site"}
            until(lambda: _answers(record), (folder / "log").read_text)
            yield record
        finally:
            server.send_signal(signal.SIGINT)  # without waiting for its clients
            server.wait(PATIENCE_SECONDS)
    finally:
        shutil.rmtree(folder)


def connections(record):
    """Return how many clients a cluster has."""
    count = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    with _connected(record) as connection:
        return connection.execute(count).fetchone()[0]


def _answers(record):
    with suppress(psycopg.OperationalError), _connected(record):
        return True


def _connected(record):
    return psycopg.connect(
        host=record["HOST"], dbname=record["NAME"], user=record["USER"]
    )
