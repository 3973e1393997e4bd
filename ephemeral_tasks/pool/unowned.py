"""An operation that came through ``enqueue``: without an owner, known by its id."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..compat import TaskError, TaskResult, normalize_json, task_finished, task_started
from ..conf import get_config
from ..core.errors import OperationCancelled
from ..core.status import Status
from ..errors import OperationFailed
from ..result_file import ResultFile
from ..tasks import Task
from .call import Call
from .log import class_of, place_of
from .operation import Notify, PoolOperation
from .task_result import make_result


class JsonCall(Call):
    """A call whose value is kept as JSON would give it back, as Django does.

    A file is kept as it is: it cannot be changed either.
    """

    __slots__ = ()

    def value(self, returned: Any) -> Any:
        """Return the value to keep of the one that the function returned."""
        return (
            returned if isinstance(returned, ResultFile) else normalize_json(returned)
        )


class UnownedOperation(PoolOperation):
    """An operation without an owner; keeps what Django's ``TaskResult`` shows."""

    __slots__ = ("args", "backend", "early", "errors", "given", "kwargs", "raised")

    def __init__(
        self,
        given: Any,
        task: Task,
        args: list[Any],
        kwargs: Mapping[str, Any],
        *,
        now: float,
        clock_offset: float,
        worker: str,
        backend: type,
    ) -> None:
        super().__init__(
            JsonCall(task, tuple(args), kwargs),
            owner=None,
            key=None,
            now=now,
            clock_offset=clock_offset,
            worker=worker,
        )
        self.given = given
        """The task as it was enqueued, perhaps of Django's own class."""
        self.args = args
        self.kwargs = kwargs
        self.backend = backend
        """The class that the signals name as their sender."""
        self.errors: tuple[TaskError, ...] = ()
        """One for each failed attempt, oldest first; replaced as a whole, on the loop.
        """
        self.early: list[Callable[[], None]] | None = []
        """Signals that must wait for ``task_enqueued``, None after it; on the loop."""
        self.raised: BaseException | None = None
        """What Django's log line shows of a failed attempt, until it was sent; on the
        loop."""

    def task_result(self) -> TaskResult[..., Any]:
        """Return Django's picture of this instant; from any thread."""
        return make_result(
            self,
            task=self.given,
            args=self.args,
            kwargs=dict(self.kwargs),
            errors=[*self.errors],
        )

    def note_failure(self, error: BaseException) -> None:
        """Record an attempt's error as Django does."""
        text = "".join(traceback.format_exception(error))
        self.errors += (
            TaskError(exception_class_path=class_of(error), traceback=text),
        )
        if get_config().log_errors:
            self.raised = error
        else:  # a log keeps what it gets for longer than we may
            place = f"{class_of(error)} at {place_of(error)}"
            self.raised = OperationFailed(place, self.reference)

    def on_step(self, notify: Notify) -> None:
        """Send Django's signals, off the loop and in order."""
        raised, self.raised = self.raised, None
        if self.status is Status.CANCELLED:
            raised = OperationCancelled(self.id)
        if self.status is Status.RUNNING:
            self._send(notify, partial(self._send_started, self.task_result()))
        elif self.is_finished:
            self._send(notify, partial(self._send_finished, self.task_result(), raised))

    def on_enqueued(self, notify: Notify) -> None:
        """Called after ``task_enqueued`` was sent; the signals that waited follow."""
        early, self.early = self.early or [], None
        for send in early:
            notify(send)

    def _send(self, notify: Notify, send: Callable[[], None]) -> None:
        if self.early is None:
            notify(send)
        else:
            self.early.append(send)

    def _send_started(self, result: TaskResult[..., Any]) -> None:
        task_started.send_robust(self.backend, task_result=result)

    def _send_finished(
        self, result: TaskResult[..., Any], raised: BaseException | None
    ) -> None:
        """Send the signal where Django's own receiver finds the error to log.

        It reads ``sys.exc_info()``, since Django's backends send within a handler.
        """
        try:
            if raised is not None:
                raise raised
        except BaseException:  # SystemExit, too
            task_finished.send_robust(self.backend, task_result=result)
        else:
            task_finished.send_robust(self.backend, task_result=result)
        finally:
            del raised  # this frame is in its traceback
