"""The page: a form, and the newest answer while it is written."""

from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from demo_site.ask.forms import AskForm
from demo_site.ask.tasks import reply
from ephemeral_tasks import EphemeralTasksError, owner_of, submit, window


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ask(request):
    """Take a question, or show the page; a reload finds the answer again."""
    form = AskForm(request.POST or None)
    if form.is_valid():
        try:
            submit(owner_of(request), reply, **form.cleaned_data)
            return redirect("ask:ask")
        except EphemeralTasksError:  # too many wait, or the server is about to end
            form.add_error(None, gettext("The server is busy. Try again in a moment."))
    context = {
        "form": form,
        "newest": _newest_of(owner_of(request, create=False)),
        "title": gettext("Ask"),
    }
    return render(request, "ask/ask.html", context)


def _newest_of(owner):
    """Return the row of the visitor's newest answer, None without one."""
    rows = [] if owner is None else window(owner)
    return next((row for row in rows if row.task == reply.name), None)
