"""Boxes of task lists in Markdown: ``- [x] done``.

In place of the plugin of mdit-py-plugins, which looks for each item's list among all
items before: 20,000 characters of them took more than a second.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_BOX = re.compile(r"\[([ xX])\](?=\s)")
_ITEM = ["list_item_open", "paragraph_open", "inline"]


def task_boxes_plugin(parser: MarkdownIt) -> None:
    """Show a box that cannot be ticked in front of each task, labelled by its text."""
    parser.core.ruler.after("inline", "task_boxes", _add_boxes)


def _add_boxes(state: StateCore) -> None:
    tokens = state.tokens
    for three in zip(tokens, tokens[1:], tokens[2:], strict=False):
        text = three[-1]
        box = _BOX.match(text.content)
        if box and text.children and [token.type for token in three] == _ITEM:
            _add_box(text.children, is_done=box[1] != " ")


def _add_box(children: list[Token], *, is_done: bool) -> None:
    """Put a box in the place of the first three characters."""
    children[0].content = children[0].content[3:]
    checked = ' checked="checked"' if is_done else ""
    box = f'<input type="checkbox" disabled="disabled"{checked}>'
    children.insert(0, Token("html_inline", "", 0, content=f"<label>{box}"))
    children.append(Token("html_inline", "", 0, content="</label>"))
