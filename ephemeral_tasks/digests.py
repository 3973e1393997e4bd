"""Digests that are equal for equal input, and from which none can be guessed."""

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
    """Return a keyed digest of a form's one-time key and cleaned data."""
    return _digest((task, form_key), kwargs)


def digest_arguments(task: str, arguments: Mapping[str, Any]) -> bytes:
    """Return a keyed digest of a task's arguments."""
    return _digest((task,), arguments)


def _digest(prefix: tuple[str, ...], values: Mapping[str, Any]) -> bytes:
    """Return the digest; values that cannot be pickled make it equal to no other."""
    digest = hashlib.blake2b(key=_KEY, digest_size=32)
    pickler = pickle.Pickler(SimpleNamespace(write=digest.update), protocol=5)
    pickler.fast = True  # by value: it does not matter which objects are the same
    try:
        pickler.dump(prefix)
        for name in sorted(values):
            pickler.dump((name, _content(values[name])))
    except Exception:  # what cannot be pickled is equal to nothing
        return secrets.token_bytes(digest.digest_size)
    return digest.digest()


def _content(value: Any) -> Any:
    """Return what makes two values equal: for a file its name and its bytes.

    Of a dict and a set the order does not count.
    """
    kind = type(value)
    if kind is list or kind is tuple:
        return kind([_content(one) for one in value])
    if kind is dict:
        items = [(key, _content(one)) for key, one in value.items()]
        return "dict", sorted(items, key=lambda item: _order(item[0]))
    if kind is set or kind is frozenset:
        return "set", sorted(value, key=_order)
    if not hasattr(value, "read"):
        return value
    value.seek(0)
    content = value.read()
    value.seek(0)
    return value.name, content


def _order(value: Any) -> bytes:
    """Return what values of any kinds can be sorted by."""
    return pickle.dumps(value, protocol=5)
