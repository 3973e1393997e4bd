"""Programs that are no servers: each runs what it submitted before it ends."""

import json
import sys

import pytest

from tests.servers.process import Program

SCRIPT = """
import django
django.setup()
from ephemeral_tasks import submit
from tests.servers.site import tasks
submit("script", tasks.{task}, "a")
"""
PATIENT = (
    "python",
    "-c",
    f"""{SCRIPT}
import time
from tests.servers.site.notes import is_noted
while not is_noted("a", "started"):
    time.sleep(0.01)
""",
)
"""A script that ends once its body has begun."""

SHELL = """
from ephemeral_tasks import submit
from tests.servers.site import tasks
submit('shell', tasks.{task}, 'a')
"""
COMMANDS = {
    "script": ("python", "-c", SCRIPT),
    "shell": ("python", "-m", "django", "shell", "-c", SHELL),
    "command": ("python", "-m", "django", "work", "{task}", "a"),
}


class Run(Program):
    """One of the programs, with a task to submit."""

    def __init__(self, folder, words, task, database, drain_seconds):
        """Has started."""
        super().__init__(
            folder,
            [word.format(task=task) for word in words],
            DJANGO_SETTINGS_MODULE="tests.servers.site.settings",
            SITE_FOLDER=str(folder),
            SITE_DATABASE=json.dumps(database),
            SITE_EPHEMERAL_TASKS=json.dumps({"DRAIN_SECONDS": drain_seconds}),
        )


@pytest.fixture
def make_run(stack, tmp_path, database):
    """Starts a program that submits a task."""

    def make_run(words, task, *, drain_seconds=1.0):
        return stack.enter_context(Run(tmp_path, words, task, database, drain_seconds))

    return make_run


@pytest.fixture(params=COMMANDS)
def words(request):
    """Each way to start a program."""
    return COMMANDS[request.param]


@pytest.fixture(params=["async", "plain"])
def prefix(request):
    """What a task's name begins with when its body is such a function."""
    if request.param == "plain" and sys.version_info[:3] in {(3, 12, 0), (3, 12, 1)}:
        pytest.skip("this Python starts no thread while it ends: docs/limits.md")
    return {"async": "", "plain": "plain_"}[request.param]


def test_the_exit_of_a_program_lets_its_work_finish(words, prefix, make_run):
    """It submitted and had nothing else to do."""
    run = make_run(words, f"{prefix}until_end", drain_seconds=20.0)

    assert run.exit_code() == 0
    assert run.is_noted("a", "finished")
    assert "Traceback" not in run.log


def test_the_exit_of_a_program_cancels_what_goes_on(words, prefix, make_run):
    """After the drain, with its clean-up."""
    run = make_run(words, f"{prefix}endless", drain_seconds=0.5)

    assert run.exit_code() == 0
    assert run.is_noted("a", "cleaned")
    assert "cancelling 1 running" in run.log
    assert "Traceback" not in run.log


@pytest.mark.parametrize("task", ["deaf", "deaf_executor", "deaf_thread"])
def test_a_body_that_is_deaf_does_not_hold_up_the_exit(task, make_run):
    """A thread of the pool, of an executor, of the loop's own executor."""
    run = make_run(PATIENT, task, drain_seconds=0.2)

    assert run.exit_code(20) == 0
    assert run.is_noted("a", "started")
    assert not run.is_noted("a", "finished")


def test_ctrl_c_during_the_drain_ends_the_wait_and_not_the_clean_up(make_run):
    """What is left is cancelled at once."""
    run = make_run(COMMANDS["script"], "patient", drain_seconds=60.0)
    run.until_noted("a", "closed")

    run.interrupt()

    run.exit_code(20)
    assert run.is_noted("a", "cleaned")
