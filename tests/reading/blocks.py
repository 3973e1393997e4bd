"""The fenced blocks of a page."""

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"^(?:#|\{#) ([\w/.-]+\.(?:py|html))\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One of them."""

    language: str
    file: str
    """The name in its first line; empty for a block without one."""
    text: str


def blocks_of(page: Path) -> list[Block]:
    """Return all blocks of a page, in order."""
    return [
        Block(language=language, file=name[1] if name else "", text=text)
        for language, text in FENCE.findall(page.read_text())
        for name in [NAME.match(text)]
    ]
