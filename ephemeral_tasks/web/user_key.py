"""The owner key of a user, for sites where whoever is logged in owns by user."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.utils.crypto import salted_hmac

from ..conf import get_config
from .user import Source, user_of

_LENGTH = 40


def key_of(user: Any) -> str | None:
    """Return the owner key of a user; None for a visitor who is not logged in.

    A keyed digest: it is the same in all browsers and processes, and whoever knows the
    user's primary key cannot make it.
    """
    if user is None or not user.is_authenticated or user.pk is None:
        return None
    digest = salted_hmac("ephemeral_tasks.owner", str(user.pk), algorithm="sha256")
    return digest.hexdigest()[:_LENGTH]


def find_user_key(source: Source) -> str | None:
    """Return the key of the user of a request or scope; None without ``OWNER``.

    It may look into the database.
    """
    return key_of(user_of(source)) if is_by_user() else None


async def afind_user_key(source: Source) -> str | None:
    """Return the key of the user of a request or scope; looks it up in a thread."""
    return await sync_to_async(find_user_key)(source) if is_by_user() else None


def is_by_user() -> bool:
    """Return whether ``OWNER`` is "user"."""
    return get_config().owner == "user"
