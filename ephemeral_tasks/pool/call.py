"""What an operation's body is called with, and how much memory values take."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.utils import translation

from .. import tracing
from ..result_file import ResultFile
from ..tasks import Task
from ..variables import Variables, capture
from .pieces import as_function

_SCALARS = frozenset({str, bytes, int, float, bool, type(None)})


class Call:
    """A task and its arguments; the one place that refers to them.

    An uploaded file is copied, since Django closes it at the end of its request. Each
    attempt gets the arguments as they were submitted: files from their start, and
    Python's own containers as copies, whatever caller and bodies do with theirs. Other
    objects are passed as they are.
    """

    __slots__ = ("_args", "_kwargs", "language", "origin", "task", "variables")

    def __init__(
        self,
        task: Task,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        variables: Variables | None = None,
    ) -> None:
        self.task = task
        self._args = tuple([keep(value) for value in args])
        self._kwargs = keep_all(kwargs)
        self.language = translation.get_language()
        """The submitter's active language, in which the body runs, too."""
        self.variables = capture() if variables is None else variables
        """The submitter's values of ``CONTEXT_VARS``, which the body sees, too."""
        self.origin = tracing.capture()
        """What the tracer links each attempt to; None while nothing is traced."""

    def again(self) -> Call:
        """Return a call of the same task and arguments, in the caller's language."""
        return type(self)(self.task, self._args, self._kwargs, self.variables)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments by name, as copies, and no uploaded files."""
        named = dict(zip(self.task.signature.parameters, self._args, strict=False))
        kept = {**named, **self._kwargs}
        return {
            name: _copy(value) for name, value in kept.items() if not _is_upload(value)
        }

    @property
    def is_async(self) -> bool:
        """True when the function is a coroutine function."""
        return self.task.is_async

    def function(self, context: Callable[[], object]) -> Callable[[], Any]:
        """Return the task's function with its arguments, for one attempt.

        Args:
            context: Gives the first argument of a task that takes the context.
        """
        args = [_copy(value) for value in self._args]
        kwargs = {name: _copy(value) for name, value in self._kwargs.items()}
        if self.task.takes_context:
            args.insert(0, context())
        function = self.task.func
        if self.task.is_generator:
            function = as_function(function, is_async=self.task.is_async)
        return partial(function, *args, **kwargs)

    def value(self, returned: Any) -> Any:
        """Return the value to keep of the one that the function returned."""
        return returned

    def size(self) -> int:
        """Return how many bytes arguments and variables keep, estimated."""
        values = [*self._args, *self._kwargs.values()]
        values += [value for _, value in self.variables]
        return sum(map(size_of, values))


def keep_all(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values in the form in which they outlive their request."""
    return {name: keep(value) for name, value in values.items()}


def copy_all(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return kept values as a body gets its arguments."""
    return {name: _copy(value) for name, value in kept.items()}


class _Upload(NamedTuple):
    """An uploaded file by value."""

    name: str
    content: bytes
    content_type: str


def keep(value: Any) -> Any:
    """Return an argument in the form in which it is kept."""
    if type(value) is str:
        return value
    if isinstance(value, UploadedFile):
        value.seek(0)
        kind = value.content_type or "application/octet-stream"
        return _Upload(value.name or "file", value.read(), kind)
    return _of_each(keep, value)


def _is_upload(value: Any) -> bool:
    """Return whether a kept argument is a file, or a list of files."""
    if type(value) is list or type(value) is tuple:
        return any(map(_is_upload, value))
    return type(value) is _Upload


def _copy(value: Any) -> Any:
    """Return an argument for one attempt, which may change it."""
    if type(value) is _Upload:
        return SimpleUploadedFile(*value)
    return _of_each(_copy, value)


def _of_each(function: Callable[[Any], Any], value: Any) -> Any:
    """Return a container of what the function returns for each value of a container."""
    kind = type(value)
    if kind is dict:
        return {key: function(one) for key, one in value.items()}
    if kind is set or kind is bytearray:
        return kind(value)
    if kind is not list and kind is not tuple:
        return value
    if _SCALARS.issuperset(map(type, value)):  # a long list: not a call for each
        return kind(value)
    return kind([function(one) for one in value])


def size_of(value: object) -> int:
    """Return an estimate in bytes: the length of text and bytes, else pickled."""
    if isinstance(value, str | bytes | bytearray):
        return len(value)
    if value is None or isinstance(value, int | float):
        return 8
    if isinstance(value, _Upload):
        return len(value.content)
    if isinstance(value, ResultFile):
        return value.size + len(value.name)
    counter = _Counter()
    try:
        pickle.Pickler(counter, pickle.HIGHEST_PROTOCOL).dump(value)
    except Exception:  # what cannot be pickled may still be kept in memory
        return max(64, counter.size)
    return counter.size


class _Counter:
    """A file that counts what is written and keeps none of it."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> int:
        """Count."""
        self.size += len(data)
        return len(data)
