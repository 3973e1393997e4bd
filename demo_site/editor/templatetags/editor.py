"""What templates need to show a text, a language and a result."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from demo_site.editor import preview
from demo_site.editor.engine_state import state_of
from demo_site.translation import get_engine, label

register = template.Library()
register.filter("language", label)


@register.filter
def markdown(text: str, name: str) -> SafeString:
    """Return the text as sanitised HTML, or a sentence if it is too long.

    Args:
        text: Markdown from anybody, of any size.
        name: Part of the footnotes' ids, different for each text on a page.
    """
    html = preview.render(text, name)
    if html is None:
        sentence = gettext(
            "This text is too long or has too much markup for a preview."
        )
        return format_html("<p>{}</p>", sentence)
    return mark_safe(html)  # noqa: S308  # it is sanitised


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
