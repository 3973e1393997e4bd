"""What the page shows of the engines, and how an open page keeps up."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from demo_site.editor.forms import TranslateForm
from demo_site.translation import get_engine


@require_safe
@never_cache
def engine_state(request):
    """Switch the page's button on or off, and offer languages that were unknown.

    ``was`` is the state that the page shows; if it is the same nothing is swapped, so
    that a screen reader repeats nothing.
    """
    was, now = request.GET.get("was"), state_of(get_engine())
    if was == now:
        return HttpResponse(status=204)
    is_new = was == "unknown"
    context = {"form": TranslateForm(auto_id="id_new_%s") if is_new else None}
    return render(request, "editor/engine_state_swap.html", context)


def state_of(engine):
    """Return ``on``, ``off``, or ``unknown`` while no language is known."""
    if engine.is_available():
        return "on"
    return "off" if engine.pairs() else "unknown"
