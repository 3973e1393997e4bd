"""Tables as last rendered, bounded by the memory that they take."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence, Set
from sys import getsizeof
from threading import Lock
from typing import NamedTuple

from django.utils.safestring import SafeString

from .pages import Page
from .shown import Shown

_OWNER_BYTES = 1024
_ROW_BYTES = 2048


class Fragment(NamedTuple):
    """The table's rows as HTML."""

    html: str
    """The whole ``tbody``."""

    version: str | None
    """A digest of what it shows, which its polls bring back; None when it does not
    poll, because nothing can change by itself."""


class RenderedTable(NamedTuple):
    """A table of an owner on one page: what it shows, and its HTML."""

    shown: Shown
    pieces: tuple[SafeString, ...]
    """Each row as HTML."""
    fragment: Fragment
    """The rows together, with the poll's trigger."""
    size: int
    """About how many bytes it takes; see ``size_of``."""

    @property
    def ids(self) -> set[str]:
        """The operations that it shows."""
        last = self.shown.about_to_stop
        return {row.id for row in self.shown.rows} | ({last.id} if last else set())


def size_of(pieces: Sequence[SafeString], fragment: Fragment) -> int:
    """Return about how many bytes a table takes; a row's texts are those of its HTML.

    Measured once: a text grows when it is encoded, since Python keeps both forms.
    """
    rows = sum(_ROW_BYTES + 3 * getsizeof(piece) for piece in pieces)
    return rows + 2 * getsizeof(fragment.html)


class OwnerTables(OrderedDict[Page, RenderedTable]):
    """One owner's table on each page, the one that was rendered last at the end."""

    def __init__(self, owner: str) -> None:
        super().__init__()
        self.owner = owner

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        # A page's texts, such as the filter, are as long as visitors make them.
        pages = sum(getsizeof(repr(page)) for page in self)
        return _OWNER_BYTES + pages + sum(one.size for one in self.values())


class TableCache:
    """Keeps the tables that were rendered last, at most ``BYTES`` in all.

    The owners looked at longest ago go first, and of an owner the pages rendered
    longest ago. A page is a combination of language, time zone, addresses and filter;
    visitors choose all but the addresses, so that an owner has at most ``PAGES``.
    """

    BYTES = 16 * 2**20
    PAGES = 8

    def __init__(self) -> None:
        self._lock = Lock()  # protects the next two lines and each owner's tables
        self._by_owner: OrderedDict[str, OwnerTables] = OrderedDict()
        self._size = 0

    def find(self, owner: str, page: Page) -> tuple[OwnerTables, RenderedTable | None]:
        """Return the owner's tables, and the one on this page as rendered last."""
        with self._lock:
            tables = self._by_owner.get(owner)
            if tables is None:
                tables = OwnerTables(owner)
                self._size += tables.size
                self._by_owner[owner] = tables
                self._evict()
            else:
                self._by_owner.move_to_end(owner)
            return tables, tables.get(page)

    def keep(self, tables: OwnerTables, page: Page, rendered: RenderedTable) -> None:
        """Keep a table, unless its owner's tables were dropped meanwhile.

        The window is read after the tables were found: a change since then has dropped
        them, and what was rendered before the change is not kept.
        """
        with self._lock:
            if self._by_owner.get(tables.owner) is not tables:
                return
            self._size -= tables.size
            tables.pop(page, None)
            tables[page] = rendered
            if len(tables) > self.PAGES:
                tables.popitem(last=False)
            self._size += tables.size
            self._evict()

    def prune(self, owner: str, ids: Set[str]) -> None:
        """Drop the owner's tables that show other operations than these."""
        with self._lock:
            tables = self._by_owner.get(owner)
            if tables is None:
                return
            self._size -= tables.size
            for page, one in list(tables.items()):
                if not one.ids <= ids:
                    del tables[page]
            self._size += tables.size

    def drop(self, owner: str) -> None:
        """Hold nothing of the owner any more."""
        with self._lock:
            tables = self._by_owner.pop(owner, None)
            if tables is not None:
                self._size -= tables.size

    def clear(self) -> None:
        """Hold nothing any more."""
        with self._lock:
            self._by_owner.clear()
            self._size = 0

    def _evict(self) -> None:
        while self._size > self.BYTES:
            _, tables = self._by_owner.popitem(last=False)
            self._size -= tables.size
