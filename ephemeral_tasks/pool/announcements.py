"""Sending ``operation_finished``, off the loop and in order."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.utils.module_loading import import_string

from ..compat import DjangoTask
from ..core.status import Status
from ..signals import log_failure, operation_finished
from ..tasks import Task
from .log import log
from .operation import Notify, PoolOperation

CAPACITY = 10_000
"""Ends that may wait for slow receivers; later ones are dropped with a warning."""


class Announcements:
    """The finished operations that receivers of ``operation_finished`` wait for."""

    def __init__(self, notify: Notify) -> None:
        """Send nothing yet; ``notify`` calls a function in the receivers' thread."""
        self._notify = notify
        self._waiting: deque[_End] = deque()
        """Appended to on the loop, emptied by the receivers' thread."""
        self._is_dropping = False
        """Whether the last end was dropped; on the loop."""

    def add(self, operation: PoolOperation) -> None:
        """Announce an operation's end, unless it has no owner; on the loop."""
        if operation.handle is None:
            return
        if len(self._waiting) >= CAPACITY:
            if not self._is_dropping:
                log(logging.WARNING, "receivers of operation_finished are too slow")
            self._is_dropping = True
            return
        self._is_dropping = False
        self._waiting.append(
            _End(
                task=operation.task,
                id=operation.id,
                status=operation.status,
                label=operation.handle.label,
                shown=dict(operation.handle.shown),
                attempt=operation.attempt,
                duration_seconds=operation.elapsed_seconds(0.0),
            )
        )
        self._notify(self._send)

    def _send(self) -> None:
        facts = self._waiting.popleft()._asdict()
        try:
            sender = _find_declared(facts.pop("task"))
            operation_finished.send_robust(sender, **facts)
        except BaseException as error:  # SystemExit, which send_robust lets through
            log_failure("a receiver of operation_finished failed", error)


class _End(NamedTuple):
    """What receivers are sent of a finished operation; no content, no owner's key."""

    task: Task
    id: str
    status: Status
    label: str
    shown: Mapping[str, Any]
    attempt: int
    duration_seconds: float


def _find_declared(task: Task) -> object:
    """Return the task as its module names it, which receivers connect to.

    What was submitted may be a copy: of ``using()``, or of a task of Django's own.
    """
    try:
        declared: Callable[..., Any] = import_string(task.module_path)
    except Exception:  # the site's module, which may have changed since
        return task
    return declared if isinstance(declared, DjangoTask) else task
