"""Declaring tasks."""

import functools
import pickle
import subprocess
import sys
import warnings

import pytest
from django import forms
from django.utils.safestring import mark_safe

from ephemeral_tasks import (
    Task,
    UnknownTask,
    enqueueing,
    result,
    submit,
    task,
    window,
)
from ephemeral_tasks.compat import DjangoTask, ImmediateBackend, InvalidTask
from ephemeral_tasks.registry import Registry
from ephemeral_tasks.registry import registry as registered
from ephemeral_tasks.testing import drain
from tests.app import tasks
from tests.layers import ROOT

try:
    from django.tasks import task as django_task
except ImportError:
    from django_tasks import task as django_task


class TextForm(forms.Form):
    text = forms.CharField()


def takes_text(text, language="es"):
    """Stand in for a task's function."""


async def asynchronous(user):
    """Stand in for a permission that no template could ask for."""


def takes_context(context, text):
    """Stand in for a task's function."""


@django_task
def app_djangos_own(value):
    """A task that Django's own decorator declared."""
    return value + 1


@django_task(priority=7)
async def app_djangos_async(value):
    """An async one."""
    return value + 2


def test_a_declared_function_is_djangos_task():
    """It can be handed to whatever takes one."""
    assert isinstance(tasks.app_echo, Task)
    assert isinstance(tasks.app_echo, DjangoTask)


def test_a_declared_function_can_be_called_without_a_pool():
    """`call` and `acall` are Django's."""
    assert tasks.app_plain_echo.call(3) == 3


def test_a_task_cannot_be_changed():
    """Its policies are what the decorator said."""
    with pytest.raises(AttributeError):
        tasks.app_echo.label = "Other"


def test_a_nested_function_is_refused():
    """No other process could find it."""

    def nested():
        pass

    with pytest.raises(InvalidTask, match="module level"):
        task(nested)


def yields():
    """A generator function."""
    yield 1


async def yields_later():
    """An async one."""
    yield 1


@pytest.mark.parametrize("function", [yields, yields_later])
def test_a_generator_function_runs_in_the_pool_alone(settings, function):
    """Another backend would call it, which runs nothing."""
    settings.TASKS = {
        "default": {"BACKEND": f"{ImmediateBackend.__module__}.ImmediateBackend"},
        "pool": {"BACKEND": "ephemeral_tasks.backends.PoolBackend"},
    }
    declared = Task(func=function)

    assert declared.is_async == (function is yields_later)
    with pytest.raises(InvalidTask, match="must not be a generator function"):
        declared.enqueue()
    with pytest.raises(InvalidTask, match="must not be a generator function"):
        declared.using(priority=1)
    assert declared.using(backend="pool").backend == "pool"


def test_a_context_needs_a_first_argument_of_that_name():
    """Django's rule, in Django's words."""
    with pytest.raises(InvalidTask, match="first argument of 'context'"):
        task(takes_context=True)(takes_text)


@pytest.mark.parametrize("priority", [-101, 101, 1.5, "high"])
def test_a_priority_out_of_range_is_refused(priority):
    """Whole numbers from -100 to 100."""
    with pytest.raises(InvalidTask, match="between -100 and 100"):
        task(priority=priority)(takes_text)


@pytest.mark.parametrize(
    ("policy", "kind", "words"),
    [
        ({"timeout": 0}, ValueError, "timeout must be > 0"),
        ({"timeout": -1.0}, ValueError, "timeout must be > 0"),
        ({"max_attempts": 0}, ValueError, "max_attempts must be >= 1"),
        ({"max_attempts": 1.5}, TypeError, "max_attempts must be an int"),
        ({"max_attempts": True}, TypeError, "max_attempts must be an int"),
        ({"backoff": 3}, TypeError, "backoff must be callable"),
        ({"retry_on": ValueError}, TypeError, "retry_on must be a tuple"),
        ({"retry_on": (3,)}, TypeError, "retry_on must be a tuple"),
        ({"form": TextForm()}, TypeError, "form must be a form class"),
        ({"form": dict}, TypeError, "form must be a form class"),
        ({"permission": 3}, TypeError, "permission must be a permission's name or a"),
        ({"permission": "close"}, ValueError, "a dot and a codename, got 'close'"),
        ({"permission": asynchronous}, TypeError, "plain function of the user"),
        ({"unique": "text"}, TypeError, "unique must be a tuple of names"),
        ({"unique": ("tone",)}, InvalidTask, "unique names 'tone'.*known: text, lang"),
        ({"supersede": 1}, TypeError, "supersede must be True or False, got 1"),
        ({"on_leave": "stop"}, ValueError, "on_leave must be 'keep' or 'cancel'"),
        ({"shown": "language"}, TypeError, "shown must be a tuple of names"),
        ({"shown": ("tone",)}, ValueError, "shown names 'tone'.*known: text, language"),
    ],
)
def test_a_policy_out_of_range_is_refused_where_it_is_declared(policy, kind, words):
    """At import, in words that name the argument."""
    with pytest.raises(kind, match=words):
        task(**policy)(takes_text)


def test_an_unknown_policy_is_refused():
    """A typo must not be a default in silence."""
    with pytest.raises(TypeError, match="max_attempt"):
        task(max_attempt=3)(takes_text)


def test_the_context_is_no_argument_of_the_caller():
    """`shown` and the arguments' check know what a caller gives."""
    declared = Task(func=takes_context, takes_context=True, shown=("text",))

    assert list(declared.signature.parameters) == ["text"]


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), (("a", "es", "x"), {}), ((), {"text": "a", "tone": "b"})],
)
def test_arguments_that_do_not_fit_are_refused_with_the_tasks_name(owner, args, kwargs):
    """At submission, before anything was changed."""
    with pytest.raises(TypeError, match="app_labelled: "):
        submit(owner, tasks.app_labelled, *args, **kwargs)

    assert window(owner) == ()


def test_what_is_no_task_is_refused(owner):
    """A plain function has no policies."""
    with pytest.raises(TypeError, match="must be declared with @task"):
        submit(owner, takes_text, "a")


# -- labels and what is shown ----------------------------------------------------------


def test_a_task_without_a_label_is_called_by_its_name(owner):
    """Words instead of underscores."""
    assert submit(owner, tasks.app_echo, 1).label == "App echo"


def test_a_label_may_be_made_of_what_is_shown(owner):
    """A callable gets the shown arguments by name."""
    handle = submit(owner, tasks.app_labelled, "secret", language="fr")

    assert handle.label == "Translate to fr"
    assert handle.shown == {"language": "fr"}


def test_a_shown_argument_may_be_given_by_position(owner):
    """What counts is the parameter, not how the caller wrote it."""
    assert submit(owner, tasks.app_labelled, "secret", "de").shown == {"language": "de"}


def test_a_shown_argument_that_was_left_out_shows_its_default(owner):
    """The body gets it, so the row and the label have it, too."""
    handle = submit(owner, tasks.app_labelled, "secret")

    assert handle.shown == {"language": "es"}
    assert handle.label == "Translate to es"


class Unpicklable(str):
    """A text that no cache can hold as it is."""

    __slots__ = ()

    def __reduce__(self):
        raise TypeError("not to be pickled")


def test_a_shown_argument_is_kept_as_plain_text(owner):
    """The cache pickles handles: what comes back is a built-in type."""
    handle = submit(owner, tasks.app_labelled, "secret", Unpicklable("pt"))

    assert type(handle.shown["language"]) is str
    assert window(owner)[0].shown == {"language": "pt"}


def test_what_is_shown_is_never_marked_as_safe(owner):
    """A template escapes it, whatever the caller's text claimed."""
    handle = submit(owner, tasks.app_labelled, "text", mark_safe("<b>"))

    assert type(handle.shown["language"]) is str
    assert type(handle.label) is str


def test_a_shown_list_is_kept_as_plain_values(owner):
    """A label gets them one by one; JSON has them as an array."""
    handle = submit(owner, tasks.app_labelled, "text", [Unpicklable("pt"), 3, None])

    assert handle.shown == {"language": ("pt", 3, None)}
    assert type(handle.shown["language"][0]) is str


@pytest.mark.parametrize("item", ["", "a", "word " * 25, "x" * 10_000])
def test_a_shown_list_is_cut_where_a_text_would_be(owner, item):
    """Whatever its items are."""
    handle = submit(owner, tasks.app_labelled, "text", [item] * 10_000)

    *kept, last = handle.shown["language"]
    assert type(handle.shown["language"]) is tuple
    assert last == "…"
    assert len(kept) <= 500
    assert len("".join(kept)) <= 500


# -- pickling --------------------------------------------------------------------------


def test_a_task_pickles_as_its_module_path():
    """Another process gets its own declaration, policies and all."""
    data = pickle.dumps(tasks.app_labelled)

    assert pickle.loads(data) is tasks.app_labelled
    assert b"tests.app.tasks.app_labelled" in data
    assert len(data) < 300


def test_a_changed_task_pickles_with_its_changes():
    """`using` is Django's way to give one call another priority."""
    urgent = tasks.app_echo.using(priority=9)

    again = pickle.loads(pickle.dumps(urgent))

    assert again == urgent
    assert again.priority == 9
    assert again.func is tasks.app_echo.func


def test_djangos_own_task_pickles_once_it_is_ours():
    """Its module path leads to Django's, of which ours is made anew."""
    ours = Task.of(app_djangos_own)

    again = pickle.loads(pickle.dumps(ours))

    assert isinstance(again, Task)
    assert again.func is ours.func


def test_what_is_no_task_any_more_does_not_unpickle():
    """A path that leads elsewhere is said so."""
    data = pickle.dumps(tasks.app_echo).replace(b"app_echo", b"progress")

    with pytest.raises(TypeError, match=r"tests\.app\.tasks\.progress is no task"):
        pickle.loads(data)


# -- Django's own ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "value"), [(app_djangos_own, 2), (app_djangos_async, 3)]
)
def test_a_task_of_djangos_decorator_is_accepted(owner, declared, value):
    """Wherever ours is; with default policies."""
    handle = submit(owner, declared, 1)
    drain()

    assert result(owner, handle.id) == value


def test_djangos_fields_are_kept():
    """Priority, queue and backend are what Django's decorator said."""
    assert Task.of(app_djangos_async).priority == 7


def awaited(function):
    """Wrap a coroutine function as a naive decorator does: in a plain one."""

    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@task
@awaited
async def app_wrapped(value):
    """An `async def` behind a plain wrapper."""
    return value


def test_an_async_function_behind_a_plain_wrapper_is_awaited(owner):
    """However it is reached, a coroutine is never taken for a result."""
    handle = submit(owner, app_wrapped, "value")
    drain()

    assert result(owner, handle.id) == "value"


# -- enqueue ---------------------------------------------------------------------------


@pytest.fixture
def immediate(settings):
    """Django's own default backend, fresh for this test."""
    enqueueing._warn_that_it_blocks.cache_clear()
    yield
    enqueueing._warn_that_it_blocks.cache_clear()


def test_the_immediate_backend_warns_once_that_it_blocks(immediate):
    """The first `enqueue()` says so, where it was called."""
    with pytest.warns(RuntimeWarning, match=r"ImmediateBackend.*blocks") as caught:
        tasks.app_plain_echo.enqueue(1)
    assert caught[0].filename == __file__

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tasks.app_plain_echo.enqueue(1)


def test_submit_needs_no_backend(immediate, owner):
    """It always runs in the pool, and nobody is warned."""
    handle = submit(owner, tasks.app_plain_echo, 1)
    drain()

    assert result(owner, handle.id) == 1


# -- the registry ----------------------------------------------------------------------


def test_a_task_is_found_by_its_name():
    """The name of its function."""
    assert registered.get("app_echo") is tasks.app_echo


def test_an_unknown_name_is_refused_with_the_known_ones():
    """The error carries the name that was asked for."""
    registry = Registry()
    registry.add(tasks.app_echo)

    with pytest.raises(UnknownTask, match="'nothing'; known: app_echo") as raised:
        registry.get("nothing")
    assert raised.value.name == "nothing"


def test_only_tasks_with_a_form_are_exposed():
    """Sorted by name."""
    registry = Registry()
    exposed = [Task(func=takes_text, form=TextForm), Task(func=awaited, form=TextForm)]
    for one in [tasks.app_echo, *exposed]:
        registry.add(one)

    assert registry.list_exposed() == [exposed[1], exposed[0]]


def test_the_same_function_declared_again_replaces_itself():
    """A module that is imported anew is no clash."""
    registry = Registry()
    registry.add(Task(func=takes_text))
    again = Task(func=takes_text, label="Again")
    registry.add(again)

    assert registry.clashes() == []
    assert registry.get("takes_text") is again


def test_declaring_needs_no_backend_and_starts_nothing():
    """An import of the package and of tasks starts no thread."""
    script = (
        "import os, threading, django\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "django.setup()\n"
        "import tests.app.tasks, ephemeral_tasks.pool\n"
        "from ephemeral_tasks import pool, window\n"
        "assert window('a' * 32) == ()\n"
        "assert pool.current() is None\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, timeout=50)
