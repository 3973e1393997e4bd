"""The kit for users' tests."""

import asyncio
import os
import re
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django import forms
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import TestCase

from ephemeral_tasks import (
    TaskFailed,
    aask,
    aresult,
    ask,
    current_operation,
    pool,
    progress,
    result,
    submit,
    task,
    testing,
    window,
    write,
)
from ephemeral_tasks.core import Status
from ephemeral_tasks.errors import OperationFailed
from ephemeral_tasks.submission import row
from ephemeral_tasks.testing import (
    Hold,
    answering,
    arun_task,
    cancel_all,
    collect_output,
    drain,
    run_task,
    unfinished,
)
from tests.app import tasks
from tests.layers import ROOT

OWNER = "a" * 32
MANUAL = Path(ROOT, "docs", "testing.md").read_text()
_, *BLOCKS = re.findall(r"^```python\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
"""The manual's examples after the first, which is the conftest that they need."""


@task
async def kit_greets(name, greeting="Hello"):
    """Greet, with progress."""
    progress(1, 2, greeting)
    mine = current_operation()
    return f"{greeting} {name} {mine.attempt}"


@task(takes_context=True)
def kit_knows_its_context(context, text):
    """Return what Django's context says."""
    return context.attempt, text


@task
def kit_makes_group(name):
    """Write to the database."""
    return Group.objects.create(name=name).pk


@task
async def kit_makes_group_async(name):
    """Write to the database from async code."""
    return (await Group.objects.acreate(name=name)).pk


@task(max_attempts=3, backoff=lambda attempt, error: 3600.0)
def kit_tries(function):
    """Try three times, an hour apart."""
    return function()


# -- one pool for each test ------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_begins_without_a_pool(number):
    """And without what the last one's windows named."""
    assert pool.current() is None
    assert window(OWNER) == ()

    submit(OWNER, tasks.app_echo, 1)
    drain()


CONFTEST = """
pytest_plugins = ["ephemeral_tasks.testing"]

import ephemeral_tasks.testing

# The four tests below that leave operations wait for them so long, each.
ephemeral_tasks.testing._GRACE_SECONDS = 0.2
"""
FIRST = """
import threading
from ephemeral_tasks import pool

def test_the_plugin_starts_nothing():
    names = [thread.name for thread in threading.enumerate()]
    assert pool.current() is None
    assert not [name for name in names if "ephemeral" in name]
"""
PROJECT = """
import pytest
from ephemeral_tasks import pool, submit
from tests.app import tasks
from ephemeral_tasks.testing import Hold

OWNER = "a" * 32

@pytest.mark.parametrize("body", [tasks.app_held, tasks.app_plain_held])
def test_leaves(body):
    hold = Hold()
    submit(OWNER, body, hold)
    hold.entered()

def test_next():
    assert pool.current() is None

def test_leaves_what_ends_by_itself():
    submit(OWNER, tasks.app_echo, 1)

@pytest.mark.leaves_operations
def test_leaves_on_purpose():
    submit(OWNER, tasks.app_held, Hold())

def test_fails():
    submit(OWNER, tasks.app_held, Hold())
    assert False
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """What pytest says of a project whose conftest asks for the plugin."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pytest.ini").write_text(
        "[pytest]\naddopts = -p no:cacheprovider --strict-markers -v\n"
    )
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_first.py").write_text(FIRST)
    (folder / "test_project.py").write_text(PROJECT)
    for number, block in enumerate(BLOCKS):
        (folder / f"test_manual_{number}.py").write_text(block)
    done = subprocess.run(
        [sys.executable, "-m", "pytest"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        cwd=folder,
        timeout=50,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "EPHEMERAL_TESTS_DATABASE": str(folder / "database.sqlite3"),
        },
    )
    return done.stdout


@pytest.mark.parametrize("body", ["app_held", "app_plain_held"])
def test_a_test_that_leaves_an_unfinished_operation_fails(project, body):
    """The message names it."""
    assert len(re.findall(r"::test_leaves\[body\d\] ERROR", project)) == 2
    assert re.search(
        rf"left unfinished operations:\s+[0-9a-f]+ {body} RUNNING", project
    )


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("test_the_plugin_starts_nothing", "PASSED"),
        ("test_next", "PASSED"),
        ("test_leaves_what_ends_by_itself", "PASSED"),
        ("test_leaves_on_purpose", "PASSED"),
        ("test_fails", "FAILED"),
    ],
)
def test_other_tests_are_what_they_were(project, name, outcome):
    """Each begins afresh, may be allowed to leave work, and fails once at most."""
    assert re.findall(rf"::{name} (\w+)", project) == [outcome]


# -- waiting ---------------------------------------------------------------------------


def test_drain_waits_for_what_bodies_submit(make_owner):
    """Until nothing is unfinished."""
    other = make_owner()

    def outer():
        return submit(other, tasks.app_plain_echo, "inner").id

    handle = submit(OWNER, tasks.app_plain_call, outer)
    drain()

    assert result(other, result(OWNER, handle.id)) == "inner"


@pytest.fixture
def make_owner():
    """Makes owner keys."""
    return lambda: "b" * 32


def test_drain_names_what_does_not_end():
    """And cancels nothing."""
    hold = Hold()
    handle = submit(OWNER, tasks.app_held, hold)
    hold.entered()

    with pytest.raises(AssertionError, match=f"{handle.id} app_held RUNNING"):
        drain(0.01)

    assert unfinished() == [f"{handle.id} app_held RUNNING"]
    hold.open()
    drain()
    assert unfinished() == []


def test_drain_without_a_pool_is_nothing():
    """Nothing was submitted."""
    drain()
    cancel_all()

    assert unfinished() == []
    assert pool.current() is None


def test_everything_can_be_cancelled_at_once():
    """And more can be submitted."""
    hold = Hold()
    handle = submit(OWNER, tasks.app_held, hold)
    hold.entered()

    cancel_all()

    assert row(OWNER, handle.id).status is Status.CANCELLED
    submit(OWNER, tasks.app_echo, 1)
    drain()


# -- time ------------------------------------------------------------------------------


def test_time_stands_still_until_it_is_moved(task_clock):
    """Rows, ages and time-outs follow the pool's clock."""
    hold = Hold()
    handle = submit(OWNER, tasks.app_timed, hold)
    hold.entered()
    start = task_clock.time()

    task_clock.advance(29)
    assert row(OWNER, handle.id).elapsed_seconds == 29
    task_clock.advance(1)

    assert row(OWNER, handle.id).error.message == "The task took too long."
    assert task_clock.time() == start + 30


def test_what_was_submitted_before_has_its_timers(task_clock):
    """The loop has made the calls that it was given when the time moves."""
    seen, loop = [], pool.get().loop
    loop.put(task_clock._clock.call_later, 30, seen.append, "due")  # and no wake-up

    task_clock.advance(30)

    assert seen == ["due"]


def test_moving_time_happens_in_order(task_clock):
    """Each pause ends at its own instant, however far the clock is moved at once."""
    seen = []

    async def fail():
        seen.append(task_clock.time())
        raise ValueError

    submit(OWNER, tasks.app_retried, fail)
    task_clock.advance(600)
    drain()

    assert [one - seen[0] for one in seen] == [0, 10, 30]


def test_the_pools_own_thread_cannot_move_its_clock(task_clock):
    """It would wait for itself."""

    async def body():
        task_clock.advance(1)

    handle = submit(OWNER, tasks.app_call, body)
    drain()

    assert row(OWNER, handle.id).status is Status.FAILED


def test_after_the_block_time_goes_on():
    """And the pool is fresh."""
    with testing.manual_clock() as clock:
        submit(OWNER, tasks.app_echo, 1)
        drain()
        assert pool.get().clock.time() == clock.time()

    assert pool.current() is None
    submit(OWNER, tasks.app_echo, 1)
    drain()
    assert pool.get().clock.time() > clock.time()


# -- running a task by itself ----------------------------------------------------------


def test_a_task_runs_here_and_now():
    """Its value comes back; nothing was submitted."""
    assert run_task(kit_greets, "Ada", greeting="Hi") == "Hi Ada 1"
    assert run_task(kit_knows_its_context, "text") == (1, "text")
    assert run_task(tasks.app_plain_call, threading.current_thread) is (
        threading.current_thread()
    )
    assert pool.current() is None


async def test_a_task_runs_here_and_now_in_async_code():
    """Async and plain."""
    assert await arun_task(kit_greets, "Ada") == "Hello Ada 1"
    assert await arun_task(tasks.app_plain_echo, 1) == 1


def test_a_tasks_own_error_comes_back():
    """Not the sentence for the owner."""
    with pytest.raises(ValueError, match="text"):
        run_task(tasks.app_fails, "text")
    with pytest.raises(TaskFailed, match="No such language"):
        run_task(tasks.app_fails_politely, "No such language")


def test_arguments_that_do_not_fit_are_refused_as_ever():
    """In the words of `submit`."""
    with pytest.raises(TypeError, match="kit_greets: "):
        run_task(kit_greets)


# -- running inline --------------------------------------------------------------------


def test_inline_an_operation_has_ended_when_submit_returns(inline_tasks):
    """On the caller's own thread, async or plain."""
    handle = submit(OWNER, kit_greets, "Ada")
    plain = submit(OWNER, tasks.app_plain_call, threading.current_thread)

    assert result(OWNER, handle.id) == "Hello Ada 1"
    assert result(OWNER, plain.id) is threading.current_thread()
    assert [one.id for one in window(OWNER)] == [plain.id, handle.id]
    assert row(OWNER, handle.id).progress == (1, 2, "Hello")


def test_inline_a_failure_is_a_failure(inline_tasks):
    """`submit` returns; the row and the result say so."""
    handle = submit(OWNER, tasks.app_fails, "text")

    assert row(OWNER, handle.id).status is Status.FAILED
    with pytest.raises(OperationFailed):
        result(OWNER, handle.id)


def test_inline_the_next_attempt_follows_at_once(inline_tasks):
    """Nobody waits for the pauses."""
    attempts = []

    def body():
        attempts.append(current_operation().attempt)
        if len(attempts) < 3:
            raise ValueError
        return "done"

    handle = submit(OWNER, kit_tries, body)

    assert result(OWNER, handle.id) == "done"
    assert attempts == [1, 2, 3]


def test_inline_a_body_may_submit_and_look(settings, inline_tasks):
    """The inner one has ended when the outer goes on."""
    settings.EPHEMERAL_TASKS = {"MAX_RUNNING": 1, "MAX_RUNNING_PER_OWNER": 1}

    def body():
        handle = submit(OWNER, tasks.app_plain_echo, "inner")
        return result(OWNER, handle.id)

    handle = submit(OWNER, tasks.app_plain_call, body)

    assert result(OWNER, handle.id) == "inner"


def test_inline_a_paused_pool_is_said_so(inline_tasks, monkeypatch):
    """Instead of hanging."""
    monkeypatch.setattr("ephemeral_tasks.testing.inline_pool.PATIENCE_SECONDS", 0.05)
    pool.pause()

    with pytest.raises(AssertionError, match="did not start; is the pool paused"):
        submit(OWNER, tasks.app_echo, 1)
    cancel_all(10.0)


@pytest.mark.django_db
@pytest.mark.parametrize("body", [kit_makes_group, kit_makes_group_async])
def test_inline_a_body_sees_the_tests_transaction(inline_tasks, body):
    """And the test sees what it wrote; both are rolled back."""
    Group.objects.create(name="before")
    handle = submit(OWNER, body, "after")

    assert Group.objects.get(name="after").pk == result(OWNER, handle.id)
    assert Group.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("body", [kit_makes_group, kit_makes_group_async])
def test_a_task_that_runs_by_itself_sees_the_tests_transaction(body):
    """It uses the caller's connection."""
    assert Group.objects.get(name="mine").pk if run_task(body, "mine") else False


@pytest.mark.django_db
def test_inline_an_error_of_the_database_breaks_no_transaction(inline_tasks):
    """As long as the body keeps it in an atomic block of its own."""
    Group.objects.create(name="taken")

    def body():
        with transaction.atomic():
            Group.objects.create(name="taken")

    handle = submit(OWNER, tasks.app_plain_call, body)

    assert row(OWNER, handle.id).status is Status.FAILED
    assert Group.objects.count() == 1


class InlineTests(TestCase):
    """A TestCase of Django's, in whose transaction everything happens."""

    def run(self, result=None):
        """Run the test inline."""
        with testing.inline():
            return super().run(result)

    def test_a_testcase_sees_what_its_operations_did(self):
        """The kit's functions serve any test runner."""
        handle = submit(OWNER, kit_makes_group, "plain")
        other = submit(OWNER, kit_makes_group_async, "async")

        assert Group.objects.filter(name__in=["plain", "async"]).count() == 2
        assert {one.id for one in window(OWNER)} == {handle.id, other.id}

    async def test_an_async_test_awaits_its_operations(self):
        """There `submit` cannot wait, and the operation runs meanwhile."""
        handles = [
            submit(OWNER, kit_makes_group, "plain"),
            submit(OWNER, kit_makes_group_async, "async"),
        ]
        for handle in handles:
            assert await aresult(OWNER, handle.id, timeout=10)

        assert await Group.objects.filter(name__in=["plain", "async"]).acount() == 2

    async def test_an_async_test_drains(self):
        """In a thread, so that its loop can do the work."""
        submit(OWNER, kit_makes_group, "plain")
        await asyncio.to_thread(drain)

        assert await Group.objects.filter(name="plain").acount() == 1


def test_after_the_inline_mode_operations_run_in_the_pool():
    """The block ends with a fresh one."""
    with testing.inline():
        submit(OWNER, tasks.app_echo, 1)

    handle = submit(OWNER, tasks.app_plain_call, threading.current_thread)
    drain()
    assert result(OWNER, handle.id) is not threading.current_thread()


def test_the_manual_names_what_there_is():
    """Each function, fixture and marker."""
    for name in testing.__all__:
        assert f"`{name}" in MANUAL
    for fixture in ("task_clock", "inline_tasks", "leaves_operations"):
        assert f"`{fixture}`" in MANUAL


def test_each_example_of_the_manual_runs(project):
    """As a file of a user's tests."""
    for number, block in enumerate(BLOCKS):
        names = re.findall(r"^def (test_\w+)", block, re.MULTILINE)
        for name in names:
            line = rf"test_manual_{number}\.py::{name} (\w+)"
            assert re.findall(line, project) == ["PASSED"], project


FROZEN_TIME = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()


@pytest.fixture
def frozen(monkeypatch):
    """Time stands still as tools such as freezegun have it.

    They replace the functions of `time`, there and wherever a module names them.
    """
    functions = [time.time, time.monotonic]
    for name, module in list(sys.modules.items()):
        if name == "time" or name.startswith("ephemeral_tasks"):
            for attribute, value in list(vars(module).items()):
                if any(value is function for function in functions):
                    monkeypatch.setattr(module, attribute, lambda: FROZEN_TIME)


@pytest.mark.parametrize("has_pool", [False, True])
def test_frozen_time_is_what_rows_say(request, has_pool):
    """Whether the pool is older or not; ages are real, so nothing is forgotten."""
    if has_pool:
        submit("earlier", tasks.app_echo, 1)
        drain()
    request.getfixturevalue("frozen")

    handle = submit("someone", tasks.app_echo, 1)
    drain()

    (seen,) = window("someone")
    assert seen.submitted_at.timestamp() == FROZEN_TIME
    assert 0 <= seen.finished_at.timestamp() - FROZEN_TIME < 60
    assert result("someone", handle.id) == 1
    assert len(window("earlier")) == has_pool


# -- output and questions --------------------------------------------------------------


class KitForm(forms.Form):
    """One number."""

    count = forms.IntegerField(max_value=9)


@task
async def kit_asks(count):
    """Ask so often, and write the answers."""
    for number in range(count):
        write(await aask(f"{number}?", choices=("yes", "no")) + " ")
    return "done"


@task
def kit_plain_asks(count):
    """Ask so often in a thread, and write the answers."""
    for number in range(count):
        write(ask(f"{number}?", choices=("yes", "no")) + " ")
    return "done"


@task
async def kit_asks_with_a_form():
    """Ask with a form, and return what it gave."""
    return await aask("How many?", form=KitForm)


@task
async def kit_yields(pieces):
    """Yield the pieces."""
    for piece in pieces:
        yield piece


@task
def kit_plain_yields(pieces):
    """Yield the pieces in a thread."""
    yield from pieces


@pytest.fixture(params=["inline", "pool"])
def mode(request):
    """Both ways in which a test may run operations."""
    if request.param == "inline":
        request.getfixturevalue("inline_tasks")


def run_to_its_end(body, *args):
    """Submit an operation and wait for its end."""
    submit(OWNER, body, *args)
    drain()


@pytest.mark.parametrize("body", [kit_asks, kit_plain_asks])
def test_questions_are_answered_in_order(mode, body):
    """As if the owner had clicked at once."""
    with answering("yes", lambda question: question.choices[1], "yes") as questions:
        handle = submit(OWNER, body, 3)
        text = collect_output(OWNER, handle.id)

    assert text == "yes no yes "
    assert [one.text for one in questions] == ["0?", "1?", "2?"]
    assert result(OWNER, handle.id) == "done"


def test_a_question_with_a_form_is_answered_with_its_data(mode):
    """It is validated, as what a browser sends."""
    with answering({"count": "7"}) as questions:
        handle = submit(OWNER, kit_asks_with_a_form)
        drain()

    assert questions[0].form is KitForm
    assert result(OWNER, handle.id) == {"count": 7}


@pytest.mark.parametrize("body", [kit_asks, kit_plain_asks])
def test_a_question_that_nobody_answers_fails_the_test(mode, body):
    """Its operation is cancelled, or the test would wait for ever."""
    with pytest.raises(AssertionError, match="no answer is left"), answering("yes"):
        run_to_its_end(body, 2)

    assert window(OWNER)[0].status is Status.CANCELLED


@pytest.mark.parametrize("body", [kit_asks, kit_plain_asks])
def test_inline_a_question_without_an_answer_ends(inline_tasks, monkeypatch, body):
    """The body and the test are on one thread, so nobody could answer any more."""
    monkeypatch.setattr("ephemeral_tasks.testing.inline_pool._ANSWER_SECONDS", 0.0)

    with pytest.raises(AssertionError, match=r"nobody answered '0\?'.*answering\(\)"):
        submit(OWNER, body, 1)

    assert window(OWNER)[0].status is Status.CANCELLED


def test_an_answer_that_is_refused_fails_the_test(mode):
    """A test is to give what a visitor can give."""
    refused = pytest.raises(AssertionError, match="invalid answer: count")
    with refused, answering({"count": "10"}):
        run_to_its_end(kit_asks_with_a_form)


@pytest.mark.parametrize("body", [kit_yields, kit_plain_yields])
def test_an_output_is_collected(mode, body):
    """At the operation's end; without a pool a generator returns it."""
    handle = submit(OWNER, body, ["a", "b"])

    assert collect_output(OWNER, handle.id) == "ab"
    assert run_task(body, ["a", "b"]) == "ab"


def test_an_output_that_does_not_end_is_no_output():
    """The message names the operation."""
    hold = Hold()
    handle = submit(OWNER, tasks.app_held, hold)

    with pytest.raises(AssertionError, match=f"{handle.id} is unfinished after 0.01 s"):
        collect_output(OWNER, handle.id, 0.01)
    hold.open()
    drain()
