"""Crossings: links from one file to a heading of another."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import unquote

from demo_site.bulk.sources import SUFFIXES

# In code it does no harm: a heading may get an id that it does not need.
_LINK = re.compile(
    r"""(?:\]\(\s*+<?|\]:\s*+<?|\bhref=["']?)
        (?P<path>[^\s<>()"'#:]+)\#(?P<id>[^\s<>()\[\]"'#]+)""",
    re.VERBOSE,
)


def links(name: str, text: str) -> set[tuple[str, str]]:
    """Return the links of a file to headings of others.

    Returns:
        Each the path, relative to the folder of all files, and the heading's id.
    """
    found = set()
    for match in _LINK.finditer(text):
        path = unquote(match["path"])
        # A site's own absolute paths are taken to start at the folder.
        start = "" if path.startswith("/") else posixpath.dirname(name)
        where = posixpath.normpath(posixpath.join(start, path.lstrip("/")))
        found.add((where, unquote(match["id"])))
    return found


def linked(
    names: Collection[str], links: Collection[tuple[str, str]]
) -> Mapping[str, frozenset[str]]:
    """Return the ids of each file's headings that other files link to."""
    known, found = frozenset(names), defaultdict(set)
    for path, id in links:
        for name in _spellings(path):
            if name in known:
                found[name].add(id)
    return {name: frozenset(ids) for name, ids in found.items()}


def _spellings(path: str) -> Iterator[str]:
    """Yield the files that a link may mean: with a suffix, as a page, as a folder."""
    yield path
    page = re.sub(r"\.html?$", "", path)
    for suffix in SUFFIXES:
        yield page + suffix
        yield f"{page}/index{suffix}"
