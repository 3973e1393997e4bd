"""The declared tasks by name, and the decorator that declares them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, overload

from .core.policy import Backoff
from .errors import UnknownTask
from .policies import OnLeave, Permission
from .tasks import Label, Task

if TYPE_CHECKING:
    from django.forms import BaseForm


class Registry:
    """The declared tasks by name; filled while modules are imported, then only read."""

    def __init__(self) -> None:
        self._tasks: dict[str, dict[str, Task]] = {}

    def add(self, task: Task) -> None:
        """Add a task; the same function declared again replaces itself."""
        self._tasks.setdefault(task.name, {})[task.module_path] = task

    def get(self, name: str) -> Task:
        """Return the task with this name.

        Raises:
            UnknownTask: No task has it.
        """
        found = self._tasks.get(name)
        if not found:
            raise UnknownTask(name, self._tasks)
        return next(iter(found.values()))

    def list_all(self) -> list[Task]:
        """Return the tasks, sorted by name."""
        return [self.get(name) for name in sorted(self._tasks)]

    def list_exposed(self) -> list[Task]:
        """Return the tasks that can be started from outside, sorted by name."""
        return [task for task in self.list_all() if task.form is not None]

    def clashes(self) -> list[tuple[str, list[str]]]:
        """Return each name that several functions have, with their module paths."""
        return [
            (name, sorted(found))
            for name, found in sorted(self._tasks.items())
            if len(found) > 1
        ]


registry = Registry()


@overload
def task(function: Callable[..., Any], /) -> Task: ...
@overload
def task(
    *,
    label: Label = ...,
    form: type[BaseForm] | Literal[True] | None = ...,
    shown: tuple[str, ...] = ...,
    timeout: float | None = ...,
    max_attempts: int = ...,
    backoff: Backoff | None = ...,
    retry_on: tuple[type[BaseException], ...] = ...,
    cancellable: bool = ...,
    permission: Permission | None = ...,
    unique: tuple[str, ...] = ...,
    supersede: bool = ...,
    on_leave: OnLeave = ...,
    keep_input: bool = ...,
    priority: int = ...,
    queue_name: str = ...,
    backend: str = ...,
    takes_context: bool = ...,
) -> Callable[[Callable[..., Any]], Task]: ...
def task(
    function: Callable[..., Any] | None = None, /, **policies: Any
) -> Task | Callable[[Callable[..., Any]], Task]:
    """Declare a function, async or plain, as a task.

    Args:
        function: Defined at a module's level.
        policies: The fields of Task by name: ``label``, ``form``, ``shown``,
            ``timeout``, ``max_attempts``, ``backoff``, ``retry_on``, ``cancellable``,
            ``permission``, ``unique``, ``supersede``, ``on_leave``, ``keep_input``, and
            Django's ``priority``, ``queue_name``, ``backend``, ``takes_context``.

    Raises:
        InvalidTask: Django's, for a function or a priority that no backend could run,
            or an argument that ``form=True`` has no field for.
        TypeError, ValueError: A policy is out of range; the message names it.
    """

    def declare(function: Callable[..., Any]) -> Task:
        declared = Task(func=function, **policies)
        registry.add(declared)
        return declared

    return declare if function is None else declare(function)
