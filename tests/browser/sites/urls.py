"""Pages of sites with htmx of their own, each by its habit's name."""

from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

from tests.browser import asking, telling  # noqa: F401  # declares its tasks
from tests.browser.gates import let_through
from tests.browser.sites.habits import FOUR, HABITS

PAGE = """{% load ephemeral_tasks static %}<!doctype html>
<html lang="en" dir="DIRECTION"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Page</title>
HEAD</head><body ATTRIBUTES><main id="main">BODY</main></body></html>"""
USUAL = '{% task_form "count" %}{% task_table %}'
HTMX = """<meta name="htmx-config" content='{"includeIndicatorStyles": false}'>
<script src="{% static "django_htmx/htmx-2.min.js" %}" defer></script>"""
SOCKETS = '<script src="{% static "django_htmx/ext/hx-ws-2.min.js" %}" defer></script>'
PAGES = {
    "plain": {},
    "again": {},
    "rtl": {"DIRECTION": "rtl", "BODY": f"<nav>Site {{% task_count %}}</nav>{USUAL}"},
    "habits": {"ATTRIBUTES": FOUR},
    "ignored": {"ATTRIBUTES": "hx-ignore"},
    "own-two": {"HEAD": f"{HTMX}{SOCKETS}{{% task_media htmx=False %}}"},
    "own-four": {
        "HEAD": HTMX.replace("htmx-2", "htmx-4") + "{% task_media htmx=False %}"
    },
    "count": {"BODY": "<nav>{% task_count %}</nav>" + USUAL},
    "other": {
        "BODY": '<nav>{% task_count %}</nav>{% task_form "count" %}'
        '{% task_table task="name" %}'
    },
    "both": {"BODY": "{% task_row request.GET.id %}{% task_table %}"},
    "badge": {"BODY": '<nav>{% task_count %}</nav>{% task_form "count" %}'},
    "single": {
        "BODY": "<nav>{% task_count %}</nav>"
        "{% task_row request.GET.id then=request.GET.then %}"
    },
    "two": {"BODY": '{% task_form "count" %}{% task_form "name" %}{% task_table %}'},
    "twice": {"BODY": '{% task_form "name" %}{% task_form "name" %}{% task_table %}'},
    "off": {"ATTRIBUTES": "hx-disable"},
    "naked": {"HEAD": "{% task_media stylesheet=False %}"},
    "flex": {"BODY": f'<div class="row"><p>Beside</p>{USUAL}</div>'},
    "file": {"BODY": '{% task_form "file" %}{% task_table %}'},
    "say": {"BODY": '{% task_form "say" %}{% task_table %}'},
    "copy": {"BODY": '{% task_form "copy" %}{% task_table %}'},
    "year": {"BODY": '{% task_form "count_year" %}{% task_table %}'},
    "wide": {"BODY": '{% task_form "ask_widely" %}{% task_table %}'},
    "off-year": {
        "ATTRIBUTES": "hx-disable",
        "BODY": '{% task_form "count_year" %}{% task_table %}',
    },
    "framework": {"HEAD": "{% task_media %}FRAMEWORK"},
    "turbo": {"BODY": f'<a href="/again/" data-visit>Again</a>{USUAL}'},
    "boosted": {
        "ATTRIBUTES": 'hx-boost="true"',
        "BODY": f'<a href="/boosted/?again">Again</a>{USUAL}',
    },
    "bare": {
        "ATTRIBUTES": 'hx-boost="true"',
        "HEAD": HTMX,
        "BODY": '<a href="/plain/">Plain</a>',
    },
}
FRAMEWORK = '<link rel="stylesheet" href="{% static "sites/framework.css" %}">'
SITE = (
    '<script src="{% static "sites/site.js" %}" defer></script>'
    '<link rel="stylesheet" href="{% static "sites/site.css" %}">'
)


def answer(request, **parts):
    """Return a page made of these parts and the usual ones."""
    source = PAGE
    usual = {"HEAD": "{% task_media %}", "BODY": USUAL, "DIRECTION": "ltr"}
    for name, part in {**usual, "ATTRIBUTES": "", **parts}.items():
        source = source.replace(name, part + SITE * (name == "HEAD"))
    source = source.replace("FRAMEWORK", FRAMEWORK)
    return HttpResponse(engines["django"].from_string(source).render({}, request))


def habit(request, habit):
    """A page whose body has htmx attributes of its own."""
    return answer(request, ATTRIBUTES=HABITS[habit])


def page(request, name):
    """One of the pages."""
    return answer(request, **PAGES[name])


def page_on_htmx_4(request, name):
    """The same page with the other version."""
    return answer(request, **PAGES[name], HEAD="{% task_media htmx=4 %}")


def log_in(request):
    """The page that the wall leads to, with rows that look like ours."""
    return HttpResponse(
        "<!doctype html><title>Log in</title><h1>Who are you?</h1>"
        '<table><tbody id="ephemeral-tasks-rows"></tbody></table>'
    )


urlpatterns = [
    path("gates/<name>/<int:count>/", let_through),
    path("habits/<habit>/", habit),
    path("login/", log_in),
    *telling.urlpatterns,
    path("tasks/", include("ephemeral_tasks.urls")),
    path("four/<name>/", page_on_htmx_4),
    path("<name>/", page),
]
