"""The tags: media, a form, a table, one operation, an output, a count."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from django import template
from django.core.exceptions import ImproperlyConfigured
from django.forms import BaseForm, Media
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.formats import date_format, get_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django_htmx.jinja import htmx_script

from ..registry import registry
from ..tasks import Task
from ..web import durations, forms, inputs
from ..web.form_class import media_of
from ..web.next_page import own_path
from ..web.output_element import render_output
from ..web.owner import find_owner
from ..web.pages import Page
from ..web.permission import is_permitted
from ..web.pieces import Place
from ..web.table import render_table

register = template.Library()

register.filter("short_duration", durations.format_short)
register.filter("long_duration", durations.format_long)


@register.filter
def to_the_second(instant: datetime) -> str:
    """Return the time of day in the language's format, with seconds.

    It distinguishes rows of one task that were started within a minute.
    """
    pattern = get_format("TIME_FORMAT")
    if pattern == "P":  # "4 p.m.": no minutes where they are zero
        pattern = "g:i:s a"
    elif "s" not in pattern:
        pattern = re.sub(r"(\W)i", r"\1i\1s", pattern)
    return date_format(instant, pattern)


@register.simple_tag(takes_context=True)
def task_media(
    context: template.Context,
    *,
    htmx: bool | int = True,
    stylesheet: bool = True,
    scripts: bool = True,
) -> SafeString:
    """Return what the page's head needs: scripts, stylesheet, the forms' media.

    Args:
        context: May have a ``csp_nonce``.
        htmx: The version, 2 or 4; True for the one that we choose, which is 2. False
            where the page loads htmx itself, and for htmx 2 its websocket extension.
        stylesheet: False where the site has styles of its own.
        scripts: False for the stylesheet alone, on a page without any of our tags.
    """
    nonce = context.get("csp_nonce")
    pieces: list[SafeString] = []
    if stylesheet:
        pieces.append(_link("ephemeral_tasks/ephemeral_tasks.css", nonce))
    if not scripts:
        return SafeString("".join(pieces))
    if htmx is not False:
        # The version is written down: a later django-htmx defaults to another one.
        version, extensions = (4, "") if htmx == 4 else (2, "hx-ws")
        if htmx not in {True, 2, 4}:
            raise ValueError(f"htmx must be True, False, 2 or 4, got {htmx!r}")
        pieces.append(htmx_script(version=version, extensions=extensions, nonce=nonce))
    if htmx is False or htmx == 4:  # a page's own htmx may be of either version
        pieces.append(_script("ephemeral_tasks/htmx4.js", nonce))
    pieces.append(_script("ephemeral_tasks/ephemeral_tasks.js", nonce))
    pieces.append(_script("ephemeral_tasks/news.js", nonce))
    pieces.append(_with_nonce(_forms_media().render(), nonce))
    return format_html_join("\n", "{}", ((piece,) for piece in pieces if piece))


@register.simple_tag(takes_context=True)
def task_form(
    context: template.Context,
    task: str | Task,
    *,
    form: BaseForm | None = None,
    initial: dict[str, Any] | None = None,
) -> SafeString:
    """Return the form that starts a task; the answer keeps the visitor on the page.

    It is empty for a visitor without the task's permission.

    Args:
        context: With the request.
        task: The task, or its name.
        form: A bound form of the task, to show what it refused.
        initial: Values that the form starts with.
    """
    name = task if isinstance(task, str) else task.name
    declared, _ = inputs.find_exposed(name)
    request = _request_of(context)
    if not is_permitted(declared, request):
        return SafeString("")
    return forms.render_form(request, declared, form=form, initial=initial)


@register.simple_tag(takes_context=True)
def task_table(context: template.Context, *, task: str | None = None) -> SafeString:
    """Return the visitor's last operations, live.

    Args:
        context: With the request.
        task: The name of a task, for its rows only.
    """
    request = _request_of(context)
    owner = find_owner(request)
    return render_table(request, Page.current(task, request=request), owner=owner)


@register.simple_tag(takes_context=True)
def task_row(
    context: template.Context, id: str, *, then: str | None = None
) -> SafeString:
    """Return one operation of the visitor by itself, live.

    Args:
        context: With the request.
        id: Of the operation.
        then: The page that is opened once it has ended well; ignored if it is not of
            the own host. Without it the result is shown in place.
    """
    request = _request_of(context)
    path = own_path(request, str(then)) if then else None
    page = Page.current(request=request).of_operation(str(id), then=path)
    return render_table(request, page, owner=find_owner(request))


@register.simple_tag(takes_context=True)
def task_count(context: template.Context) -> SafeString:
    """Return how many operations of the visitor are unfinished, live; for a menu."""
    request = _request_of(context)
    page = replace(Page.current(request=request), is_count=True)
    return render_table(request, page, owner=find_owner(request))


@register.simple_tag(takes_context=True)
def task_output(
    context: template.Context, id: str, *, start: int = 0, attempt: int | None = None
) -> SafeString:
    """Return what an operation of the visitor has written, growing while it writes.

    Args:
        context: With the request; may have a ``csp_nonce``.
        id: The operation's id.
        start: Where the text begins, as the route's answers give it.
        attempt: The attempt that ``start`` belongs to.
    """
    request = _request_of(context)
    return render_output(
        request,
        id,
        Place(start, attempt),
        owner=find_owner(request),
        script=_script("ephemeral_tasks/output.js", context.get("csp_nonce")),
    )


def _request_of(context: template.Context) -> HttpRequest:
    request = context.get("request")
    if not isinstance(request, HttpRequest):
        raise ImproperlyConfigured(
            "the tags of ephemeral_tasks need the request: add "
            "django.template.context_processors.request to the context processors "
            "and render with the request"
        )
    # Django's cache middleware stores no page with this mark, which it sets itself. A
    # stored table is out of date, and a stored form's one-time key is used up.
    request._cache_update_cache = False  # type: ignore[attr-defined]
    return request


def _forms_media() -> Media:
    media = Media()
    for task in registry.list_exposed():
        if task.form is not None:
            media += media_of(task.form)
    return media


def _link(path: str, nonce: object) -> SafeString:
    link = format_html(
        '<link rel="stylesheet" href="{}" data-ephemeral-tasks>', static(path)
    )
    return _with_nonce(link, nonce)


def _script(path: str, nonce: object) -> SafeString:
    script = format_html('<script src="{}" defer></script>', static(path))
    return _with_nonce(script, nonce)


def _with_nonce(html: SafeString, nonce: object) -> SafeString:
    # Not `if nonce`: Django's own is false until it was used. Media.render()
    # takes attributes from Django 6.1 on only.
    if nonce is None:
        return html
    attribute = format_html('nonce="{}" ', nonce) if html else ""
    for tag in ("<script ", "<link "):
        html = mark_safe(html.replace(tag, f"{tag}{attribute}"))  # noqa: S308  # ours
    return html
