"""Tables as last rendered, in a bounded part of the memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence, Set
from sys import getsizeof
from threading import Lock
from typing import NamedTuple

from django.utils.safestring import SafeString

from ..projection import Row
from .pages import Page

_SHELF_BYTES = 1024
_ROW_BYTES = 2048


class Fragment(NamedTuple):
    """The table's rows as HTML."""

    html: str
    """The whole ``tbody``."""

    version: str | None
    """A digest of what it shows, which its polls bring back; None when it does not
    poll, because nothing can change by itself."""


class Shown(NamedTuple):
    """What a fragment shows; equal ones make equal HTML on one page."""

    rows: tuple[Row, ...]
    """Newest first."""
    interval: float | None
    """The pause between polls that the fragment names, in seconds."""
    about_to_stop: Row | None
    """The operation that one more submission would push out, unfinished."""


class Rendered(NamedTuple):
    """One page of an owner: what it shows, each row's HTML, and all together."""

    shown: Shown
    pieces: tuple[SafeString, ...]
    """Each row as HTML."""
    fragment: Fragment
    """The rows together, with the poll's trigger."""
    size: int
    """About how many bytes it takes; see ``size_of``."""

    @property
    def ids(self) -> set[str]:
        """The operations of which it holds something."""
        last = self.shown.about_to_stop
        return {row.id for row in self.shown.rows} | ({last.id} if last else set())


def size_of(pieces: Sequence[SafeString], fragment: Fragment) -> int:
    """Return about how many bytes a page takes; a row's texts are those of its HTML.

    Measured once: a text grows when it is encoded, since Python keeps both forms.
    """
    rows = sum(_ROW_BYTES + 3 * getsizeof(piece) for piece in pieces)
    return rows + 2 * getsizeof(fragment.html)


class Shelf(OrderedDict[Page, Rendered]):
    """One owner's pages, the one that was rendered last at the end."""

    def __init__(self, owner: str) -> None:
        super().__init__()
        self.owner = owner

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        # A page's texts, such as the filter, are as long as visitors make them.
        pages = sum(getsizeof(repr(page)) for page in self)
        return _SHELF_BYTES + pages + sum(one.size for one in self.values())


class RenderedCache:
    """Keeps what was rendered last, at most ``BYTES`` in all.

    The owners and pages that were looked at longest ago go first. A page is a
    combination of language, time zone, addresses and filter; visitors choose all
    but the addresses, so that an owner has at most ``PAGES`` of them.
    """

    BYTES = 16 * 2**20
    PAGES = 8

    def __init__(self) -> None:
        self._lock = Lock()  # protects the next two lines and all shelves
        self._shelves: OrderedDict[str, Shelf] = OrderedDict()
        self._size = 0

    def find(self, owner: str, page: Page) -> tuple[Shelf, Rendered | None]:
        """Return the owner's shelf, and the page as it was rendered last."""
        with self._lock:
            shelf = self._shelves.get(owner)
            if shelf is None:
                shelf = Shelf(owner)
                self._size += shelf.size
                self._shelves[owner] = shelf
                self._make_room()
            else:
                self._shelves.move_to_end(owner)
            return shelf, shelf.get(page)

    def keep(self, shelf: Shelf, page: Page, rendered: Rendered) -> None:
        """Put a page on its owner's shelf, unless the shelf was dropped meanwhile.

        The window is read after the shelf was found: a change since then has dropped
        the shelf, and what was rendered before the change is not kept.
        """
        with self._lock:
            if self._shelves.get(shelf.owner) is not shelf:
                return
            self._size -= shelf.size
            shelf.pop(page, None)
            shelf[page] = rendered
            if len(shelf) > self.PAGES:
                shelf.popitem(last=False)
            self._size += shelf.size
            self._make_room()

    def prune(self, owner: str, ids: Set[str]) -> None:
        """Drop the owner's pages that show other operations than these."""
        with self._lock:
            shelf = self._shelves.get(owner)
            if shelf is None:
                return
            self._size -= shelf.size
            for page, one in list(shelf.items()):
                if not one.ids <= ids:
                    del shelf[page]
            self._size += shelf.size

    def drop(self, owner: str) -> None:
        """Hold nothing of the owner any more."""
        with self._lock:
            shelf = self._shelves.pop(owner, None)
            if shelf is not None:
                self._size -= shelf.size

    def _make_room(self) -> None:
        while self._size > self.BYTES:
            _, shelf = self._shelves.popitem(last=False)
            self._size -= shelf.size
