"""Django's autoreloader: a parent that watches, a child that serves."""

import time
from functools import partial
from pathlib import Path

import pytest

from tests.servers.commands import RUNSERVER_DAPHNE_RELOADING, RUNSERVER_RELOADING
from tests.servers.process import PATIENCE_SECONDS, until

SERVERS = [RUNSERVER_RELOADING, RUNSERVER_DAPHNE_RELOADING]


@pytest.fixture(params=SERVERS, ids=lambda server: server.name)
def served(request, make_served, tmp_path):
    """The site, with a file that can be changed, and a drain that would be noticed."""
    (tmp_path / "watched.py").write_text("version = 1\n")
    return make_served(
        request.param,
        settings={"DRAIN_SECONDS": 2 * PATIENCE_SECONDS},
        PYTHONPATH=str(tmp_path),
        SITE_MODULE="watched",
    )


def test_a_reload_drops_the_work_at_once_and_says_so(served, make_visitor, tmp_path):
    """No drain holds up who changes code; the bodies' clean-up runs all the same."""
    visitor = make_visitor(served)
    visitor.start("endless", "a")
    visitor.start("plain_endless", "b")
    served.until_noted("a", "started")
    served.until_noted("b", "started")
    visitor.close()

    change = partial(change_until_reloaded, served, visitor.process, tmp_path)
    until(change, "another child serves")
    assert served.is_noted("a", "cleaned") == visitor.process
    assert served.is_noted("b", "cleaned") == visitor.process
    said = "the process ends: cancelling 2 running and 0 waiting operations"
    assert served.log.count(said) == 1
    assert "Traceback" not in served.log


def test_only_the_child_has_a_pool(served, make_visitor):
    """The parent imports the site, too, and starts no thread for it."""
    visitor = make_visitor(served)
    visitor.start("until_noted", "a")
    assert served.until_noted("a", "started") == visitor.process

    assert visitor.process != str(served.process.pid)
    assert threads_of(served.process.pid) == 1
    served.note("a", "go")


def change_until_reloaded(served, old, folder):
    """Whether another process answers; changes the file while the old one does.

    Once would not do: the reloader sees no change that came before its first look.
    """
    answer = served.answer()
    if answer == old:
        (folder / "watched.py").write_text(f"version = {time.time_ns()}\n")
    return answer not in {"", old}


def threads_of(pid):
    """Return how many threads a process has."""
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.exists():
        pytest.skip("needs /proc to count threads")
    return len([*tasks.iterdir()])
