"""What a host sends its clients unasked: words without content."""

from __future__ import annotations

from typing import Any

from .. import signals

CHANGED, ENDED, CLOSED = "changed", "ended", "closed"
RENEWED, NAMED = "renewed", "named"

_host_name: tuple[str, int] | None = None
"""Written on the link's thread, before the host's first answer is read."""


def pass_on(kind: str, payload: Any) -> None:
    """Announce in this process what the host sent; on the link's thread."""
    global _host_name
    if kind == CHANGED:
        signals.send_changed(payload)
    elif kind == ENDED:
        signals.send_ended(payload)
    elif kind == CLOSED:
        signals.send_closed(*payload)
    elif kind == RENEWED:
        signals.send_renewed()
    elif kind == NAMED:
        _host_name = payload


def host_name() -> tuple[str, int] | None:
    """Return a name of the host and its start in seconds since the epoch.

    None in the host itself, and before it was asked anything.
    """
    return _host_name
