"""``progress``: how a body says how far it is."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Iterator
from contextlib import contextmanager

from .context import CURRENT
from .tracked import Item, Tracked
from .values import finite, plain_text


class Reporter:
    """Reports how far the running body is; outside an operation it does nothing."""

    __slots__ = ()

    def __call__(
        self, done: float, total: float | None = None, message: str = ""
    ) -> None:
        """Report how far the running body is.

        Args:
            done: Units done so far, a finite number.
            total: Units in all, if known, a finite number.
            message: A few words for people, such as ``"paragraph 3"``; what is over 500
                characters is cut.

        Raises:
            OperationCancelled: In a plain function of the pool that should end.
            TypeError, ValueError: ``done`` or ``total`` is no finite number.
        """
        context = CURRENT.get()
        if context is not None:
            context.progress(done, total, message)

    def track(
        self, items: Iterable[Item] | AsyncIterable[Item], message: str = ""
    ) -> Tracked[Item]:
        """Return the items, whose number is reported while a loop goes through them.

        Args:
            items: For ``for`` or ``async for``. With a length there is a total.
            message: As above, the same for all.

        Raises:
            TypeError: ``items`` cannot be iterated.
        """
        return Tracked(items, message, self)

    @contextmanager
    def part(self, share: float, text: str = "") -> Iterator[None]:
        """Treat what the block reports as a share of what is around it.

        Once a body has used a part, its bar shows the whole and never moves back.

        Args:
            share: From 0 to 1, of the part around or of the whole. Beyond what is left
                of that it is what is left.
            text: Shown where a report in the block has no message.

        Raises:
            OperationCancelled: In a plain function of the pool that should end.
            TypeError, ValueError: ``share`` is no number, or below 0.
        """
        if finite("share", share) < 0:
            raise ValueError(f"share must be >= 0, got {share}")
        context = CURRENT.get()
        whole = None if context is None else context.whole()
        if context is None or whole is None:
            yield
            return
        part, before = whole.enter(share, plain_text(text))
        try:
            context.progress(0, 1)
            yield
            context.progress(1, 1)
        finally:
            whole.leave(part, before)


progress = Reporter()
