"""Headings, and the ids that sites make from their words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from markdown_it.token import Token


class Ids(NamedTuple):
    """The ids of one heading, as two families of sites make them."""

    github: str
    """Also of Hugo and Docusaurus: the second heading of a name ends with ``-1``."""

    python: str
    """Of Python-Markdown and MkDocs: ASCII, the second of a name ends with ``_1``."""


def ids_of(tokens: Sequence[Token]) -> dict[int, Ids]:
    """Return the ids of a document's headings, by the line that they start on."""
    seen: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    found = {}
    for opening, token in pairwise(tokens):
        if opening.type == "heading_open" and opening.map:
            bare = re.sub(r"[^\w\- ]", "", _words(token).strip().lower())
            plain = unicodedata.normalize("NFKD", bare).encode("ascii", "ignore")
            github = _numbered(bare.replace(" ", "-"), seen[0], "-")
            dashed = re.sub(r"[-\s]+", "-", plain.decode().strip())
            found[opening.map[0]] = Ids(github, _numbered(dashed, seen[1], "_"))
    return found


def _words(inline: Token) -> str:
    """Return a heading's text without Markdown, from its inline token."""
    return "".join(
        " " if each.type == "softbreak" else each.content
        for each in inline.children or ()
        if each.type not in ("html_inline", "image")
    )


def _numbered(slug: str, seen: Counter[str], sign: str) -> str:
    """Return the id of the next heading with this slug."""
    seen[slug] += 1
    return f"{slug}{sign}{seen[slug] - 1}" if seen[slug] > 1 else slug
