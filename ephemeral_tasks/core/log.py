"""The log of the core: what its callers' code raises, without content."""

from __future__ import annotations

import contextlib
import logging

logger = logging.getLogger("ephemeral_tasks")


def log_error(message: str, *args: object, exc_info: bool = False) -> None:
    """Log an error, whatever a handler raises."""
    with contextlib.suppress(Exception, SystemExit):  # of a handler of the caller's
        logger.error(message, *args, exc_info=exc_info)
