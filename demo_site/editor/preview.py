"""Markdown from anybody as HTML that does no harm, in bounded time."""

import nh3
from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin

from demo_site.editor.markdown_cost import cost_of
from demo_site.editor.task_boxes import task_boxes_plugin
from demo_site.translation import front_matter_plugin

MAX_CHARACTERS = 200_000
"""Of a text that has a preview; a translation is longer than its original."""

MAX_COST = 20_000
"""Of such a text, by ``cost_of``. Of 370 repeated, mixed and nested pieces of Markdown
and HTML the slowest, as long as both bounds allow, took 0.3 s of processor time (Python
3.13, markdown-it-py 4.3, two busy cores)."""

_parser = (
    MarkdownIt("commonmark")
    .enable(["table", "strikethrough"])
    .use(front_matter_plugin)
    .use(footnote_plugin)
    .use(task_boxes_plugin)
)
_cleaner = nh3.Cleaner(
    tags=nh3.ALLOWED_TAGS | {"input", "label", "section"},
    attributes=nh3.ALLOWED_ATTRIBUTES
    | {"a": {"href", "id", "title"}, "input": {"checked"}, "li": {"id"}},
    set_tag_attribute_values={
        # The only input is a task list's box, which cannot be ticked.
        "input": {"type": "checkbox", "disabled": ""},
        # Without focus, long lines could not be scrolled with the keyboard.
        "pre": {"tabindex": "0"},
    },
    # Only footnotes keep their ids; others could collide with ids of the page.
    attribute_filter=lambda tag, name, value: (
        value if name != "id" or value.startswith("fn") else None
    ),
)


def render(text: str, name: str) -> str | None:
    """Return the text as sanitised HTML; None if it is over a bound.

    Args:
        text: Markdown from anybody, of any size.
        name: Part of the footnotes' ids, different for each text on a page.
    """
    if len(text) > MAX_CHARACTERS or cost_of(text) > MAX_COST:
        return None
    return _cleaner.clean(_parser.render(text, {"docId": name}))
