"""The client behind a request or a socket, as the site's ``CLIENT_OF`` names it."""

from __future__ import annotations

from collections.abc import Mapping

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from ..clients import Owner
from ..conf import get_config
from .user import Source, with_user

MAX_LENGTH = 200


def add_client(owner: str, source: Source) -> str:
    """Return the owner key with its client; unchanged where ``CLIENT_OF`` is not set.

    Raises:
        ImproperlyConfigured: ``CLIENT_OF`` returned no text, or a text that is empty
            or too long. What it raises itself is raised as it is.
    """
    path = get_config().client_of
    return owner if path is None else Owner.of(owner, _name_client(path, source))


async def aadd_client(owner: str, source: Source) -> str:
    """Return the owner key with its client; the async twin of ``add_client``.

    The function may look into the database, for ``request.user`` for example, so it
    is called in a thread.
    """
    path = get_config().client_of
    if path is None:
        return owner
    return Owner.of(owner, await sync_to_async(_name_client)(path, source))


def _name_client(path: str, source: Source) -> str:
    known = with_user(source) if isinstance(source, Mapping) else source
    client = import_string(path)(known)
    # Anything else would put visitors together who have nothing in common, or keep
    # more than is counted. The message does not repeat it: it may be an address.
    if not isinstance(client, str):
        kind = type(client).__name__
        raise ImproperlyConfigured(f"CLIENT_OF {path!r} must return a text, got {kind}")
    if not 1 <= len(client) <= MAX_LENGTH:
        raise ImproperlyConfigured(
            f"CLIENT_OF {path!r} must return 1 to {MAX_LENGTH} characters, "
            f"got {len(client)}"
        )
    return client
