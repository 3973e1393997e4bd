"""Log lines, which hold no content; an error of a handler is suppressed."""

from __future__ import annotations

import logging
import traceback
from collections import deque
from contextlib import suppress

from ..conf import get_config
from .operation import PoolOperation

logger = logging.getLogger("ephemeral_tasks")


def log(level: int, message: str, *args: object) -> None:
    """Log a line; an error of a site's own handler or filter is suppressed."""
    with suppress(Exception, SystemExit):  # of a handler of the site's own
        logger.log(level, message, *args)


def log_finished(operation: PoolOperation, error: BaseException | None) -> None:
    """Log one line; a failure adds the error's class and where it was raised."""
    level = logging.INFO if error is None else logging.ERROR
    if not logger.isEnabledFor(level):
        return
    facts = (operation.id, operation.status, operation.attempt)
    duration = operation.elapsed_seconds(0.0)
    text = f"operation id=%s task={operation.task.name} status=%s attempt=%s"
    if error is None:
        log(level, f"{text} duration=%.3f", *facts, duration)
        return
    # Class and place stand in the message itself: collectors group by it.
    cause = f"error={class_of(error)} at={place_of(error)}".replace("%", "%%")
    message = f"{text} duration=%.3f {cause}"
    _log_error(message, (*facts, duration), error if get_config().log_errors else None)


def _log_error(
    message: str, args: tuple[object, ...], error: BaseException | None
) -> None:
    """Log an error; the record refers to the exception only while it is handled.

    A handler that keeps records would keep the body's frames alive.
    """
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    place = (logger.name, logging.ERROR, __file__, 0)
    record = logger.makeRecord(*place, message, args, exc_info, "log_finished")
    try:
        with suppress(Exception):  # of a handler of the site's own
            logger.handle(record)
    finally:
        record.exc_info = exc_info = None


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
