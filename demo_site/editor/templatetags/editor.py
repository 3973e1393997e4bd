"""Filters that show a text and a language: `markdown` and `language`."""

import nh3
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin

from demo_site.translation import front_matter_plugin, label

PREVIEW_CHARACTERS = 200_000
"""Longer texts have no preview: rendering would keep a thread busy for seconds."""

register = template.Library()
register.filter("language", label)

_parser = (
    MarkdownIt("commonmark")
    .enable(["table", "strikethrough"])
    .use(front_matter_plugin)
    .use(footnote_plugin)
    .use(tasklists_plugin, label=True)
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


@register.filter
def markdown(text: str, name: str) -> SafeString:
    """Return the text as sanitised HTML, or a sentence if it is too long.

    Args:
        text: Markdown from anybody, of any size.
        name: Part of the footnotes' ids, different for each text on a page.
    """
    if len(text) > PREVIEW_CHARACTERS:
        return format_html("<p>{}</p>", gettext("This text is too long for a preview."))
    html = _parser.render(text, {"docId": name})
    return mark_safe(_cleaner.clean(html))  # noqa: S308  # nh3 has sanitised it
