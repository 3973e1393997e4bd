"""What the log says: never content, and whatever a handler raises."""

from __future__ import annotations

import logging
import traceback
from collections import deque
from contextlib import suppress

from ..conf import get_config
from ..core.status import Status
from .operation import PoolOperation

logger = logging.getLogger("ephemeral_tasks")


def log(level: int, message: str, *args: object) -> None:
    """Log a line, unless a handler or filter of the site's own raises."""
    with suppress(Exception, SystemExit):
        logger.log(level, message, *args)


def log_finished(operation: PoolOperation, error: BaseException | None) -> None:
    """Log one line; a failure adds the error's class and where it was raised."""
    level = logging.ERROR if operation.status is Status.FAILED else logging.INFO
    if not logger.isEnabledFor(level):
        return
    log(
        level,
        "operation id=%s task=%s status=%s attempt=%s duration=%.3f%s",
        operation.id,
        operation.task.name,
        operation.status,
        operation.attempt,
        operation.elapsed_seconds(0.0),
        "" if error is None else f" error={class_of(error)} at={place_of(error)}",
    )
    if error is not None and get_config().log_errors:
        # As text: a record that holds the error would keep its frames alive.
        text = "".join(traceback.format_exception(error))
        log(logging.ERROR, "operation id=%s traceback:\n%s", operation.id, text)


def class_of(error: BaseException) -> str:
    """Return the dotted path of the error's class."""
    return f"{type(error).__module__}.{type(error).__qualname__}"


def place_of(error: BaseException) -> str:
    """Return file, line and function of the innermost frame."""
    frames = deque(traceback.walk_tb(error.__traceback__), maxlen=1)
    if not frames:
        return "unknown"
    frame, line = frames[0]
    return f"{frame.f_code.co_filename}:{line}:{frame.f_code.co_name}"
