"""Handing a task to a backend of ``TASKS``."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from django.utils import timezone

from .compat import DjangoTask, ImmediateBackend, InvalidTask

AnyTask = TypeVar("AnyTask", bound="DjangoTask[..., Any]")


def warn_if_immediate(task: DjangoTask[..., Any]) -> None:
    """Say once for each alias that the caller waits for the task's end."""
    if isinstance(task.get_backend(), ImmediateBackend):
        _warn_that_it_blocks(task.backend)


@cache
def _warn_that_it_blocks(alias: str) -> None:
    import warnings

    warnings.warn(
        f"TASKS[{alias!r}] is Django's ImmediateBackend: enqueue() runs the task at "
        "once and blocks until it has ended. Use ephemeral_tasks.submit(), or "
        '"BACKEND": "ephemeral_tasks.backends.PoolBackend".',
        RuntimeWarning,
        stacklevel=5,  # the caller of enqueue()
    )


def refuse_generator(task: DjangoTask[..., Any]) -> None:
    """Refuse a generator where the backend would keep it without running it.

    Raises:
        InvalidTask: The message names the backend that runs it.
    """
    if not hasattr(task.get_backend(), "runs_generators"):
        raise InvalidTask(
            f"Task function must not be a generator function: {task.backend!r} "
            "does not run it, ephemeral_tasks.backends.PoolBackend does."
        )


def at_an_instant(task: AnyTask) -> AnyTask:
    """Return the task with an instant where ``run_after`` was a span from now.

    A backend that has a clock of its own gets the span.
    """
    span: object = task.run_after
    if isinstance(span, timedelta) and not hasattr(task.get_backend(), "at_an_instant"):
        return replace(task, run_after=timezone.now() + span)
    return task
