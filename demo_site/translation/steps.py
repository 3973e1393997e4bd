"""What the inline rules of the Markdown parser took of a block's content."""

from typing import NamedTuple

from markdown_it.token import Token


class Step(NamedTuple):
    """What one inline rule took."""

    rule: str
    """The rule's name in markdown-it; a link is "link_open" and "link_close"."""

    start: int
    end: int

    tokens: tuple[Token, ...]
    """The tokens that it pushed; later rules may change delimiters among them."""
