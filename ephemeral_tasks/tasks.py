"""Tasks: functions that a visitor may start."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from inspect import isasyncgenfunction, isgeneratorfunction
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import iscoroutinefunction
from django.utils.module_loading import import_string

from . import enqueueing
from .compat import (
    DEFAULT_TASK_BACKEND_ALIAS,
    DEFAULT_TASK_PRIORITY,
    DEFAULT_TASK_QUEUE_NAME,
    DjangoTask,
)
from .core.policy import Backoff, Policy, full_jitter
from .core.values import MAX_TEXT, finite, plain_text
from .digests import digest_arguments
from .policies import (
    OnLeave,
    Permission,
    check_function,
    check_on_leave,
    check_permission,
    check_presentation,
    check_siblings,
)
from .signatures import list_names, pick, signature_of

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
        check_function(
            self.func, takes_context=self.takes_context, priority=self.priority
        )
        policy = Policy(
            timeout=self.timeout,
            max_attempts=self.max_attempts,
            backoff=self.backoff or full_jitter,
            retry_on=self.retry_on,
        )
        object.__setattr__(self, "policy", policy)
        object.__setattr__(
            self, "signature", signature_of(self.func, takes_context=self.takes_context)
        )
        object.__setattr__(self, "accepted", list_names(self.signature))
        object.__setattr__(
            self, "required", list_names(self.signature, without_default=True)
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
        check_presentation(self.name, self.form, self.shown, self.signature)

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
        task.get_backend().validate_task(enqueueing.at_an_instant(task))
        if self.is_generator:
            enqueueing.refuse_generator(task)
        return task

    def enqueue(self, *args: Any, **kwargs: Any) -> Any:
        """Hand the task to its backend; returns Django's ``TaskResult``."""
        return DjangoTask.enqueue(self._for_backend(), *args, **kwargs)

    async def aenqueue(self, *args: Any, **kwargs: Any) -> Any:
        """Hand the task to its backend; returns Django's ``TaskResult``."""
        return await DjangoTask.aenqueue(self._for_backend(), *args, **kwargs)

    def _for_backend(self) -> Task:
        """Return the task as its backend takes it."""
        if self.is_generator:
            enqueueing.refuse_generator(self)
        enqueueing.warn_if_immediate(self)
        return enqueueing.at_an_instant(self)

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
        if not self.shown:
            return {}
        found = pick(self.signature, self.shown, arguments)
        return {name: _make_plain(value) for name, value in found.items()}

    def unique_key_of(self, arguments: Mapping[str, Any]) -> bytes:
        """Return what is equal for equal ``unique`` arguments, defaults included."""
        values = pick(self.signature, self.unique, arguments)
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
    if not isinstance(value, list | tuple):
        return _make_plain_scalar(value)
    items: list[object] = []
    size = 0
    for item in value:
        items.append(_make_plain_scalar(item))
        size += len(str(items[-1])) or 1  # many empty texts are bounded, too
        if size > MAX_TEXT:
            return (*items[:-1], "…")
    return tuple(items)


def _make_plain_scalar(value: object) -> object:
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
