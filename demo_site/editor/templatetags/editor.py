"""What templates need to show a text, a language and a result."""

import nh3
from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin

from demo_site.editor.engine_state import state_of
from demo_site.translation import front_matter_plugin, get_engine, label

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


@register.filter
def get(mapping: dict[str, object], key: str) -> object:
    """Return a dict's value of a key that is a variable; None without one."""
    return mapping.get(key)


@register.filter
def other_languages(result: dict[str, dict[str, object]]) -> list[str]:
    """Return the languages that a translation's original is not translated into."""
    pairs = get_engine().pairs()
    targets = [pair.target for pair in pairs if pair.source == result["source"]]
    return [target for target in targets if target not in result["translations"]]


@register.simple_tag(name="engine_state")
def show_engine_state() -> str:
    """Return ``on``, ``off`` or ``unknown``."""
    return state_of(get_engine())


@register.simple_tag
def engine_conditions() -> tuple[object, ...]:
    """Return how each engine is doing; for staff alone."""
    return get_engine().conditions()


@register.simple_tag
def editor_url(came_from: str | None) -> str:
    """Return the editor's URL, in the admin for a visitor who came from there."""
    staff = reverse("editor:staff")
    is_from_staff = (came_from or "").startswith(staff)
    return staff if is_from_staff else reverse("editor:editor")
