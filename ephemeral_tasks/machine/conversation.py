"""Several calls that must meet the same host, such as those of one request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .link import Link


class Conversation:
    """Where the calls of one request go, once the first one has decided it.

    Made and used within one context: by one thread or asyncio task after the other.
    """

    __slots__ = ("is_decided", "is_held", "link")

    def __init__(self) -> None:
        self.is_held = False
        """Whether a block holds it; a context may outlive the block."""
        self.is_decided = False
        self.link: Link | None = None
        """None once it is decided that the pool is here."""

    def decide(self, link: Link | None) -> None:
        """Send the calls that follow there."""
        self.link = link
        self.is_decided = True

    @property
    def is_over(self) -> bool:
        """Whether its host is gone, with all that it knew."""
        return self.link is not None and self.link.is_closed


_current: ContextVar[Conversation | None] = ContextVar("conversation", default=None)


def current() -> Conversation | None:
    """Return the conversation that this call belongs to."""
    found = _current.get()
    # Contexts are copied: into asyncio tasks that go on after the block, and back
    # into the thread of a sync caller by asgiref.
    return found if found is not None and found.is_held else None


@contextmanager
def hold(conversation: Conversation | None = None) -> Iterator[Conversation]:
    """Send all calls of the block to one host; perhaps to that of earlier ones.

    A change that is made in two calls would otherwise be half done, or its second look
    answered by a host that does not know the operation.
    """
    held = conversation or Conversation()
    token = _current.set(held)
    held.is_held = True
    try:
        yield held
    finally:
        held.is_held = False
        _current.reset(token)
