"""Tasks: functions that a visitor may start."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from inspect import Parameter, isasyncgenfunction, isgeneratorfunction
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import iscoroutinefunction
from django.utils import timezone
from django.utils.inspect import get_func_args
from django.utils.module_loading import import_string

from .compat import (
    DEFAULT_TASK_BACKEND_ALIAS,
    DEFAULT_TASK_PRIORITY,
    DEFAULT_TASK_QUEUE_NAME,
    TASK_MAX_PRIORITY,
    TASK_MIN_PRIORITY,
    DjangoTask,
    ImmediateBackend,
    InvalidTask,
    is_module_level_function,
)
from .core.policy import Backoff, Policy, full_jitter
from .core.values import finite, plain_text
from .digests import digest_arguments
from .policies import (
    OnLeave,
    Permission,
    check_on_leave,
    check_permission,
    check_siblings,
)

if TYPE_CHECKING:
    from django.forms import BaseForm

Label = str | Callable[..., object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(DjangoTask):  # type: ignore[type-arg]  # generic in stubs alone
    """A function that can be submitted, with its policies.

    ``submit`` runs it in the pool; ``enqueue`` hands it to the alias ``backend`` of
    ``TASKS``, whose rules are checked there and in ``using``, not at the declaration.
    """

    # The four are Django's fields. Django 6.0 gives them no default.
    priority: int = DEFAULT_TASK_PRIORITY
    """From -100 to 100; the most urgent starts first."""

    backend: str = DEFAULT_TASK_BACKEND_ALIAS
    """The alias of ``TASKS`` to which ``enqueue`` hands the task."""

    queue_name: str = DEFAULT_TASK_QUEUE_NAME
    """The queue of that alias."""

    run_after: datetime | None = None
    """The instant before which ``enqueue`` does not start it."""

    label: Label = ""
    """What rows call it; a callable gets the shown arguments by name."""

    form: type[BaseForm] | None = None
    """Validates input from outside; a task without one cannot be started there.

    The decorator takes True, too, and derives one from the function's annotations.
    """

    shown: tuple[str, ...] = ()
    """Arguments that are harmless metadata: kept in the handle and shown."""

    timeout: float | None = None
    """Seconds that one attempt may take."""

    max_attempts: int = 1
    """How often it is tried at most."""

    backoff: Backoff | None = None
    """``(failed attempt, error) -> seconds``; None for exponential with full jitter."""

    retry_on: tuple[type[BaseException], ...] = (Exception,)
    """The errors after which it is tried again."""

    cancellable: bool = True
    """Whether its owner is offered Cancel while it runs."""

    permission: Permission | None = None
    """Without it the task does not exist for a visitor: Django's name of a permission,
    or a function of the user."""

    unique: tuple[str, ...] = ()
    """While an operation of the same owner with equal ones of these arguments is
    unfinished, it is the answer to a submission."""

    supersede: bool = False
    """Whether a new operation cancels the owner's other unfinished ones of the task."""

    on_leave: OnLeave = "keep"
    """What happens once the owner has had neither socket nor poll for 30 s: "keep" it
    or "cancel" it."""

    keep_input: bool = False
    """Whether its owner may change and rerun what ended well, not only what failed."""

    policy: Policy = field(init=False, repr=False, compare=False)
    """Time-out and attempts, as the core takes them."""

    signature: inspect.Signature = field(init=False, repr=False, compare=False)
    """What a caller gives, without the context."""

    required: frozenset[str] = field(init=False, repr=False, compare=False)
    """The arguments without a default that may be given by name."""

    accepted: frozenset[str] = field(init=False, repr=False, compare=False)
    """All arguments that may be given by name."""

    is_async: bool = field(init=False, repr=False, compare=False)
    """True for a coroutine function or an async generator; others run in a thread."""

    is_generator: bool = field(init=False, repr=False, compare=False)
    """True for a generator of either kind: its pieces are its output."""

    def __post_init__(self) -> None:
        _check_function(self)
        policy = Policy(
            timeout=self.timeout,
            max_attempts=self.max_attempts,
            backoff=self.backoff or full_jitter,
            retry_on=self.retry_on,
        )
        object.__setattr__(self, "policy", policy)
        object.__setattr__(self, "signature", _signature_of(self))
        object.__setattr__(self, "accepted", _list_names(self.signature))
        object.__setattr__(
            self, "required", _list_names(self.signature, without_default=True)
        )
        is_async_generator = isasyncgenfunction(self.func)
        is_async = iscoroutinefunction(self.func) or is_async_generator
        object.__setattr__(self, "is_async", is_async)
        is_generator = isgeneratorfunction(self.func) or is_async_generator
        object.__setattr__(self, "is_generator", is_generator)
        check_permission(self.permission)
        check_siblings(self.unique, self.supersede, self.signature)
        check_on_leave(self.on_leave)
        if cast("object", self.form) is True:
            from .derived_form import derive_form

            form = derive_form(self.func, self.signature)
            object.__setattr__(self, "form", form)
        _check_presentation(self)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Pickle as the module path and what ``using`` changed."""
        names = ("priority", "queue_name", "run_after", "backend")
        changes = {name: getattr(self, name) for name in names}
        return _unpickle, (self.module_path, changes)

    def using(self, **changes: Any) -> Task:
        """Return the task with another priority, queue, ``run_after`` or backend.

        Raises:
            InvalidTask, InvalidTaskBackend: The backend could not run it.
        """
        task = cast("Task", DjangoTask.using(self, **changes))
        task.get_backend().validate_task(_at_an_instant(task))
        task._refuse_generator()
        return task

    def enqueue(self, *args: Any, **kwargs: Any) -> Any:
        """Hand the task to its backend; returns Django's ``TaskResult``."""
        self._refuse_generator()
        self._warn_if_immediate()
        return DjangoTask.enqueue(_at_an_instant(self), *args, **kwargs)

    async def aenqueue(self, *args: Any, **kwargs: Any) -> Any:
        """Hand the task to its backend; returns Django's ``TaskResult``."""
        self._refuse_generator()
        self._warn_if_immediate()
        return await DjangoTask.aenqueue(_at_an_instant(self), *args, **kwargs)

    def _warn_if_immediate(self) -> None:
        if isinstance(self.get_backend(), ImmediateBackend):
            _warn_that_it_blocks(self.backend)

    def _refuse_generator(self) -> None:
        """Refuse a generator where the backend would keep it without running it."""
        if self.is_generator and not hasattr(self.get_backend(), "runs_generators"):
            raise InvalidTask(
                f"Task function must not be a generator function: {self.backend!r} "
                "does not run it, ephemeral_tasks.backends.PoolBackend does."
            )

    def check_arguments(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the arguments by name.

        Raises:
            TypeError: They do not fit the function; the message names the task.
        """
        if not args and self.required <= kwargs.keys() <= self.accepted:
            return dict(kwargs)  # what nearly all calls are, without inspect's cost
        try:
            return self.signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"{self.name}: {error}") from None

    def shown_of(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the shown ones of the arguments, defaults included, as plain values.

        The cache and JSON can hold them, whatever type they had.
        """
        parameters = self.signature.parameters
        return {
            name: _make_plain(arguments.get(name, parameters[name].default))
            for name in self.shown
            if name in arguments or parameters[name].default is not Parameter.empty
        }

    def unique_key_of(self, arguments: Mapping[str, Any]) -> bytes | None:
        """Return what is equal for equal ``unique`` arguments, defaults included.

        None where the task has none of them.
        """
        if not self.unique:
            return None
        defaults = {
            name: parameter.default
            for name, parameter in self.signature.parameters.items()
            if parameter.default is not Parameter.empty
        }
        given = {**defaults, **arguments}
        values = {name: given[name] for name in self.unique if name in given}
        return digest_arguments(self.module_path, values)

    def label_for(self, shown: Mapping[str, Any] | None = None) -> str:
        """Return what a row calls an operation with these shown arguments.

        Args:
            shown: None before there are any, as on a form's button and in lists: a
                callable is then called without arguments. One that needs some gives
                the function's name in words.
        """
        if not callable(self.label):
            return plain_text(self.label) or self._name_in_words
        if shown is not None:
            return plain_text(self.label(**shown))
        try:
            return plain_text(self.label())
        except Exception:  # it is the site's own, and made for arguments
            return self._name_in_words

    @property
    def _name_in_words(self) -> str:
        return self.name.replace("_", " ").capitalize()

    @staticmethod
    def of(task: object) -> Task:
        """Return the task itself, or one with default policies for Django's own."""
        if isinstance(task, Task):
            return task
        if isinstance(task, DjangoTask):
            return Task(
                func=task.func,
                priority=task.priority,
                backend=task.backend,
                queue_name=task.queue_name,
                takes_context=task.takes_context,
            )
        raise TypeError(f"task must be declared with @task, got {task!r}")


def _make_plain(value: object) -> object:
    """Return a harmless argument as JSON and HTML can express it, and bounded."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or type(value) is bool:
        return value
    if type(value) in {int, float}:
        with suppress(ValueError):
            return finite("value", value)
    return plain_text(value)


def _unpickle(module_path: str, changes: dict[str, Any]) -> Task:
    found = import_string(module_path)
    if not isinstance(found, DjangoTask):
        raise TypeError(f"{module_path} is no task")
    task = Task.of(found)
    same = all(getattr(task, name) == value for name, value in changes.items())
    return task if same else replace(task, **changes)


@cache
def _warn_that_it_blocks(alias: str) -> None:
    """Say once for each alias that the caller waits for the task's end."""
    import warnings

    warnings.warn(
        f"TASKS[{alias!r}] is Django's ImmediateBackend: enqueue() runs the task at "
        "once and blocks until it has ended. Use ephemeral_tasks.submit(), or "
        '"BACKEND": "ephemeral_tasks.backends.PoolBackend".',
        RuntimeWarning,
        stacklevel=4,
    )


def _at_an_instant(task: Task) -> Task:
    """Return the task with an instant where ``run_after`` was a span from now.

    A backend that has a clock of its own gets the span.
    """
    span: object = task.run_after
    if isinstance(span, timedelta) and not hasattr(task.get_backend(), "at_an_instant"):
        return replace(task, run_after=timezone.now() + span)
    return task


def _signature_of(task: Task) -> inspect.Signature:
    signature = inspect.signature(task.func)
    if not task.takes_context:
        return signature
    return signature.replace(parameters=[*signature.parameters.values()][1:])


def _list_names(
    signature: inspect.Signature, *, without_default: bool = False
) -> frozenset[str]:
    by_name = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    parameters = signature.parameters.values()
    if without_default and any(p.kind is Parameter.POSITIONAL_ONLY for p in parameters):
        return frozenset({""})  # no call by name alone fits
    return frozenset(
        p.name
        for p in parameters
        if p.kind in by_name and not (without_default and p.default is not p.empty)
    )


def _check_function(task: Task) -> None:
    """Refuse a function that no backend could run; the messages are Django's."""
    if not is_module_level_function(task.func):
        raise InvalidTask("Task function must be defined at a module level.")
    arguments = get_func_args(task.func)
    if task.takes_context and arguments[:1] != ["context"]:
        raise InvalidTask(
            "Task takes context but does not have a first argument of 'context'."
        )
    low, high = TASK_MIN_PRIORITY, TASK_MAX_PRIORITY
    if not isinstance(task.priority, int) or not low <= task.priority <= high:
        raise InvalidTask(f"priority must be a whole number between {low} and {high}.")


def _check_presentation(task: Task) -> None:
    from django.forms import BaseForm

    if task.form is not None and not (
        isinstance(task.form, type) and issubclass(task.form, BaseForm)
    ):
        raise TypeError(f"form must be a form class or True, got {task.form!r}")
    if not isinstance(task.shown, tuple | list):
        raise TypeError(f"shown must be a tuple of names, got {task.shown!r}")
    for name in task.shown:
        if name not in task.signature.parameters:
            known = ", ".join(task.signature.parameters) or "none"
            raise ValueError(
                f"shown names {name!r}, which {task.name} does not take; known: {known}"
            )
