"""What operators did, in the log and in the admin's own history; without content."""

from __future__ import annotations

import logging
from typing import Any

from django.apps import apps
from django.db import DatabaseError, transaction

from ..models import Pool
from ..pool.log import log


def record(user: Any, action: str, *, target: str, details: str) -> None:
    """Log an action, and add it to the admin's history where that can be written.

    Args:
        user: Who did it.
        action: A word, in English, like the two that follow.
        target: What it was done to: the pool, a task, an operation by its reference.
        details: What else there is to say.
    """
    # As a literal, or a line break in a user's name would begin another line.
    name = repr(user.get_username())
    what = f"{target} {details}".rstrip()
    log(logging.INFO, "operators action=%s %s user=%s", action, what, name)
    try:
        with transaction.atomic():  # the request's own transaction survives an error
            _add_entry(user, target, f"{action} {details}".rstrip())
    except (DatabaseError, LookupError) as error:
        kind = type(error).__name__
        log(
            logging.WARNING,
            "operators action=%s not in the admin's log: %s",
            action,
            kind,
        )


def _add_entry(user: Any, target: str, message: str) -> None:
    # By name: an import would need these apps to be installed.
    entries = apps.get_model("admin", "LogEntry")
    types = apps.get_model("contenttypes", "ContentType")
    entries._default_manager.create(
        user_id=user.pk,
        content_type_id=types._default_manager.get_for_model(Pool).pk,
        object_id="",
        object_repr=target[:200],
        action_flag=2,  # a change
        change_message=message,
    )
