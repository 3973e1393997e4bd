"""Owner keys that know their client: the person or machine behind one key or many.

A visitor who drops cookies is a new owner each time, but keeps an address.
"""

from __future__ import annotations


class Owner(str):
    """An owner key that carries the client of its request; else a plain text."""

    __slots__ = ("client",)

    client: str
    """What ``CLIENT_OF`` returned for the request or the socket."""

    @classmethod
    def of(cls, key: str, client: str) -> Owner:
        """Return the owner key with its client."""
        owner = cls(key)
        owner.client = client
        return owner


def split(owner: str) -> tuple[str, str | None]:
    """Return the plain owner key, and its client where it carries one."""
    if isinstance(owner, Owner):
        return str(owner), owner.client
    return owner, None
