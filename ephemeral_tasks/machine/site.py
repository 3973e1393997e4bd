"""What all processes of one site share, and no other site's have."""

from __future__ import annotations

import hmac
import os
from functools import cache
from importlib import metadata

from django.conf import ENVIRONMENT_VARIABLE, settings
from django.utils.encoding import force_bytes

_DISTRIBUTION = "django-ephemeral-tasks"


def key() -> bytes:
    """Return the key of the handshake, 32 bytes.

    Of ``SECRET_KEY`` alone: with another one the fingerprint differs, too, so that a
    key of ``SECRET_KEY_FALLBACKS`` belongs to a host that this process never meets.
    """
    return _derive("key")


def fingerprint() -> str:
    """Return 16 hexadecimal digits of ``SECRET_KEY`` and the settings module."""
    module = getattr(settings, "SETTINGS_MODULE", None)
    # Settings that a test overrides have none; those of configure() have neither.
    named = module or os.environ.get(ENVIRONMENT_VARIABLE, "")
    return _derive(f"site {named}").hex()[:16]


@cache
def version() -> str:
    """Return the version of the package, or "0" where it is not installed."""
    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "0"


def _derive(purpose: str) -> bytes:
    secret = force_bytes(settings.SECRET_KEY)
    return hmac.digest(secret, f"ephemeral_tasks.machine {purpose}".encode(), "sha256")
