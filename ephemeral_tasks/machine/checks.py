"""System checks of ``POOL`` and ``POOL_DIR``."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error

from ..conf import NAME, find_problems, get_config
from . import credentials, folder


def check_pool() -> Iterator[CheckMessage]:
    """Yield what is wrong with the place where the processes of a machine meet."""
    if any(find_problems(getattr(settings, NAME, {}))):  # E001 names it
        return
    if get_config().pool != "machine":
        return
    if problem := credentials.find_problem():
        yield Error(
            f"{problem}.",
            hint="Leave POOL out and serve the site from one process.",
            id="ephemeral_tasks.E012",
        )
    elif problem := folder.find_problem(folder.choose()):
        yield Error(
            f"{problem[0].upper()}{problem[1:]}.",
            hint="Set POOL_DIR to a folder that only the site's user may enter "
            "(mode 0700), such as one below /run, or to one that is missing in a "
            "folder where it can be made.",
            id="ephemeral_tasks.E013",
        )
