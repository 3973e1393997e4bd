"""The pages beside the package's own; all but `staff_editor` are public."""

import io
import shlex
import zipfile

from django.contrib import admin
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)
from django.views.decorators.http import require_POST, require_safe

from demo_site.editor.samples import samples
from demo_site.editor.tasks import translate
from demo_site.translation import get_engine, install_command
from ephemeral_tasks import EphemeralTasksError, owner_of, result, window


@require_safe
@never_cache
def editor(request, template="editor/editor.html", context=None):
    """Show the form, filled on request, and the visitor's table.

    ``sample`` in the URL names a document to start with; ``again`` the operation whose
    text is to be translated into another language, which ``target`` names.
    """
    engine = get_engine()
    sample = samples().get(request.GET.get("sample"))
    context = (context or {}) | {
        "engine": engine,
        "growing": _newest_unfinished(request),
        "initial": {"text": sample.text} if sample else _initial_again(request),
        "install_command": shlex.join(install_command()) if engine.is_pseudo else "",
        "sample": sample,
        "samples": samples().values(),
        "title": gettext("Translate Markdown"),
    }
    return render(request, template, context)


def staff_editor(request):
    """Show the same in the admin; `urls` admits staff only."""
    return editor(request, "editor/staff.html", admin.site.each_context(request))


@require_safe
@never_cache
def growing(request, id):
    """Show what a translation of the visitor has written so far, and follow it."""
    row = next((row for row in _rows(request) if row.id == id), None)
    if row is None:
        raise Http404
    if row.task != translate.name:  # the page asks for each row of its table
        return HttpResponse(status=204)  # with which htmx changes nothing
    return render(request, "editor/growing.html", {"row": row})


@sensitive_variables()
@sensitive_post_parameters()
@require_POST
@never_cache
def preview(request):
    """Show a text as HTML: as a part of the page to htmx, else as a page."""
    context = {"text": request.POST.get("text", ""), "title": gettext("Preview")}
    name = "preview_text" if request.htmx else "preview"
    return render(request, f"editor/{name}.html", context)


@sensitive_variables()
@require_safe
@never_cache
def download(request, id, language):
    """Send one translation of the visitor's as a file, else 404."""
    texts = _result_of(request, id)["translations"]
    if language not in texts:
        raise Http404
    name = f"translation.{language}.md"
    return _file(texts[language], name, "text/markdown; charset=utf-8")


@sensitive_variables()
@require_safe
@never_cache
def download_all(request, id):
    """Send all translations of an operation in a ZIP file, else 404."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for language, text in _result_of(request, id)["translations"].items():
            files.writestr(f"translation.{language}.md", text)
    return _file(archive.getvalue(), "translations.zip", "application/zip")


def _file(content, name, content_type):
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _translations(request):
    """Return the visitor's rows of this task, newest first."""
    return [row for row in _rows(request) if row.task == translate.name]


def _rows(request):
    """Return the visitor's rows, newest first."""
    owner = owner_of(request, create=False)
    return window(owner) if owner else ()


def _newest_unfinished(request):
    rows = _translations(request)
    return next((row for row in rows if not row.is_finished), None)


def _result_of(request, id):
    """Return the result of a translation of the visitor, else 404."""
    if id not in {row.id for row in _translations(request)}:
        raise Http404
    try:
        return result(owner_of(request), id)
    except EphemeralTasksError as error:  # unfinished, failed, or gone meanwhile
        raise Http404 from error


def _initial_again(request):
    """Return the form's values for a text that was translated before."""
    try:
        earlier = _result_of(request, request.GET.get("again"))
    except Http404:  # an old link is no error
        return {}
    return {
        "text": earlier["original"],
        "source": earlier["source"],
        "target": request.GET.getlist("target"),
    }
