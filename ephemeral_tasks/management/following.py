"""Starts one operation, shows its progress, and cancels it at Ctrl-C."""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import FrameType
from typing import Any, Self

from .. import signals, submission
from ..core.status import Status
from ..errors import Conflict
from ..row import Row
from ..tasks import Task
from .progress_display import Bar, Lines

LOOK_SECONDS = 0.2
"""Between two looks where nothing has changed: Ctrl-C is seen then."""


def follow(
    task: Task, arguments: Mapping[str, Any], display: Bar | Lines | None
) -> tuple[Row, object]:
    """Run a task to its end, or to its first question; return its row and its value.

    The first Ctrl-C cancels, where the task may be cancelled; the second one raises
    KeyboardInterrupt. The operation's window is its own, and gone afterwards.

    Raises:
        TypeError, EphemeralTasksError: The pool refused it.
    """
    owner = secrets.token_hex(16)
    is_changed = threading.Event()

    def on_changed(name: str) -> None:
        if name == owner:
            is_changed.set()

    disconnect = signals.connect(changed=on_changed, ended=on_changed)
    try:
        with _CtrlC() as ctrl_c:
            id = submission.submit(owner, task, **arguments).id
            row = _wait(owner, id, is_changed, ctrl_c, display)
            is_successful = row.status is Status.SUCCESSFUL
            return row, submission.result(owner, id) if is_successful else None
    finally:
        disconnect()
        submission.end_owner(owner)


def _wait(
    owner: str,
    id: str,
    is_changed: threading.Event,
    ctrl_c: _CtrlC,
    display: Bar | Lines | None,
) -> Row:
    try:
        while True:
            is_changed.clear()  # before the look: what changes after it counts
            if ctrl_c.is_pressed:
                with suppress(Conflict):  # it has just ended, or may not be cancelled
                    submission.cancel(owner, id)
            row = submission.row(owner, id)
            if display is not None:
                display.show(row)
            if row.is_finished or row.question is not None:
                return row
            is_changed.wait(LOOK_SECONDS)
    finally:
        if display is not None:
            display.close()


class _CtrlC:
    """Notes the first Ctrl-C instead of raising, which could break into a submission.

    In other threads than the main one Python allows no handler, and Ctrl-C is not for
    them.
    """

    def __init__(self) -> None:
        self.is_pressed = False
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._on_pressed)
        return self

    def __exit__(self, *error: object) -> None:
        self._restore()

    def _on_pressed(self, number: int, frame: FrameType | None) -> None:
        # No more than a note: the thread may hold any lock, that of an Event, too.
        self.is_pressed = True
        self._restore()

    def _restore(self) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
