"""A digest that is equal for a form that was sent twice."""

from __future__ import annotations

import hashlib
import pickle
import secrets
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

_KEY = secrets.token_bytes(32)
"""Of this process alone: an input cannot be guessed from its digest."""


def digest_form(task: str, form_key: str, kwargs: Mapping[str, Any]) -> bytes:
    """Return a keyed digest of a form's one-time key and cleaned data.

    Equal input gives an equal one; values that cannot be pickled equal nothing.
    """
    digest = hashlib.blake2b(key=_KEY, digest_size=32)
    pickler = pickle.Pickler(SimpleNamespace(write=digest.update), protocol=5)
    pickler.fast = True  # by value: it does not matter which objects are the same
    try:
        pickler.dump((task, form_key))
        for name in sorted(kwargs):
            pickler.dump((name, _content(kwargs[name])))
    except Exception:
        return secrets.token_bytes(digest.digest_size)
    return digest.digest()


def _content(value: Any) -> Any:
    """Return what makes two values equal: for a file its name and its bytes."""
    if not hasattr(value, "read"):
        return value
    value.seek(0)
    content = value.read()
    value.seek(0)
    return value.name, content
