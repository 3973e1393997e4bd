"""``CONTEXT_VARS``: what bodies see of their submitter's context."""

import gc
import weakref
from contextvars import ContextVar

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured

from ephemeral_tasks import cancel, pool, result, retry, submit, window
from ephemeral_tasks.testing import drain, inline
from tests.app import tasks
from tests.backends import tasks as backend_tasks

colour = ContextVar("colour", default="none")
shape = ContextVar("shape")
no_variable = "text"


@pytest.fixture(autouse=True)
def coloured(settings):
    """Bodies see the colour and the shape; the submitter's colour is red."""
    here = "tests.app.pool.test_variables"
    settings.EPHEMERAL_TASKS = {"CONTEXT_VARS": (f"{here}.colour", f"{here}.shape")}
    token = colour.set("red")
    yield
    colour.reset(token)


async def see():
    """What an async body sees, and a thread of its own."""
    return colour.get(), await sync_to_async(colour.get)(), shape.get("none")


def see_plain():
    """What a plain body sees."""
    return colour.get(), shape.get("none")


def test_a_body_sees_the_values_of_its_submission(owner):
    """Async and plain; a variable without a value has none there, either."""
    first = submit(owner, tasks.app_call, see)
    second = submit(owner, tasks.app_plain_call, see_plain)
    colour.set("blue")
    drain()

    assert result(owner, first.id) == ("red", "red", "none")
    assert result(owner, second.id) == ("red", "none")


def test_each_attempt_sees_them_anew(owner, task_clock):
    """Whatever the one before has set."""
    seen = []

    async def fail():
        seen.append(colour.get())
        colour.set("green")
        raise ValueError

    submit(owner, tasks.app_retried, fail)
    for _ in range(5):
        task_clock.advance(60.0)
    drain()

    assert seen == ["red"] * 3


def test_a_retry_sees_those_of_the_first_submission(owner):
    """As it has its arguments."""
    pool.pause()
    first = submit(owner, tasks.app_call, see)
    cancel(owner, first.id)
    pool.resume()
    colour.set("blue")

    again = retry(owner, first.id)
    drain()

    assert result(owner, again.id)[0] == "red"


def test_what_a_body_submits_sees_them_as_well(owner):
    """A tenant goes on to the work of its work."""
    submitted = []

    async def submit_another():
        submitted.append(submit(owner, tasks.app_call, see))

    submit(owner, tasks.app_call, submit_another)
    drain()

    assert result(owner, submitted[0].id)[0] == "red"


def test_others_are_not_seen(owner, settings):
    """The context of a request is not kept alive."""
    settings.EPHEMERAL_TASKS = {}
    handle = submit(owner, tasks.app_call, see)
    drain()

    assert result(owner, handle.id)[0] == "none"


def test_an_inline_body_sees_them(owner):
    """Tests of a site find what production does."""
    with inline():
        handle = submit(owner, tasks.app_call, see)
        value = result(owner, handle.id)

    assert value[0] == "red"


class Value:
    """Something that can be watched as it goes."""


@pytest.mark.parametrize("body", [tasks.app_call, tasks.app_plain_call])
def test_they_go_with_the_arguments(owner, body):
    """A success drops both at once."""
    value = Value()
    watch = weakref.ref(value)
    token = shape.set(value)
    gc.disable()
    submit(owner, body, see_nothing if body is tasks.app_call else no_variable.upper)
    shape.reset(token)
    del token, value
    drain()
    is_gone = watch() is None
    gc.enable()

    assert window(owner)[0].status == "SUCCESSFUL"
    assert is_gone


async def see_nothing():
    """Looks at no variable."""


def test_they_count_as_kept(owner, hold):
    """A visitor can write into a request id what they like."""
    shape.set("x" * 10_000)
    submit(owner, tasks.app_held, hold)

    assert pool.statistics().kept_bytes > 10_000


@pytest.mark.parametrize("name", ["no_variable", "not_there"])
def test_a_path_without_a_variable_is_an_error(owner, settings, name):
    """Nothing was submitted."""
    settings.EPHEMERAL_TASKS = {
        "CONTEXT_VARS": [f"tests.app.pool.test_variables.{name}"]
    }

    with pytest.raises(ImproperlyConfigured, match=f"CONTEXT_VARS has .*{name}"):
        submit(owner, tasks.app_echo, 1)

    assert window(owner) == ()


def test_enqueue_knows_them_as_well(settings):
    """An operation without an owner has a submitter, too."""
    settings.TASKS = {"default": {"BACKEND": "ephemeral_tasks.backends.PoolBackend"}}
    enqueued = backend_tasks.backend_colour.enqueue()
    drain()
    enqueued.refresh()

    assert enqueued.return_value == "red"
