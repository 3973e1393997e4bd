"""The page and the download; both are public."""

import shlex

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from demo_site.editor.samples import samples
from demo_site.translation import get_engine, install_command
from ephemeral_tasks import EphemeralTasksError, owner_of, result


@require_safe
@never_cache
def editor(request):
    """Show the form, filled with a sample on request, and the visitor's table."""
    engine = get_engine()
    sample = samples().get(request.GET.get("sample"))
    context = {
        "engine": engine,
        "install_command": shlex.join(install_command()) if engine.is_pseudo else "",
        "initial": {"text": sample.text} if sample else {},
        "sample": sample,
        "samples": samples().values(),
        "title": gettext("Translate Markdown"),
    }
    return render(request, "editor/editor.html", context)


@require_safe
@never_cache
def download(request, id):
    """Send the translation of one of the visitor's operations as a file, else 404."""
    owner = owner_of(request, create=False)
    if owner is None:
        raise Http404
    try:
        translation = result(owner, id)
    except EphemeralTasksError as error:
        raise Http404 from error
    language = translation["target"]
    return HttpResponse(
        translation["translation"],
        content_type="text/markdown; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="translation.{language}.md"'
        },
    )
