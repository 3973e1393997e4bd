"""Log lines about errors of sockets and of the site's forms, without content."""

from __future__ import annotations

import logging
from traceback import format_exception

from ..conf import get_config
from ..pool.log import class_of, place_of

logger = logging.getLogger("ephemeral_tasks")


def log_error(what: str, error: BaseException, level: int = logging.ERROR) -> None:
    """Log what failed, and where; with ``LOG_ERRORS`` the traceback, too."""
    # As text: a record that holds the error would keep its frames, and with them the
    # table's HTML, alive.
    logger.log(level, "%s error=%s at=%s", what, class_of(error), place_of(error))
    if get_config().log_errors:
        logger.log(level, "%s traceback:\n%s", what, "".join(format_exception(error)))
